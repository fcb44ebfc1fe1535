import type { QueryRunner } from 'typeorm';
import { canHold, hold } from '../../../lib/store/held-append.js';

/** What is sent, in the order of it; an append takes a turn of the event loop. */
class FakeRunner {
  readonly sent: string[] = [];
  readonly transactionDepth = 1;

  async query(statement: string): Promise<string> {
    this.sent.push(statement);
    return `answer to ${statement}`;
  }
}

describe('hold', () => {
  let runner: FakeRunner;
  let failure: Error | undefined;

  beforeEach(() => {
    runner = new FakeRunner();
    failure = undefined;
    hold(runner as unknown as QueryRunner, {
      now: async (past) => {
        await past.query('append');
        if (failure) throw failure;
      },
      withCommit: async () => void runner.sent.push('append with COMMIT'),
    });
  });

  it('sends the append with the COMMIT, once', async () => {
    await runner.query('COMMIT');
    await runner.query('COMMIT');
    expect(runner.sent).toEqual(['append with COMMIT', 'COMMIT']);
  });

  it('sends it before whatever else comes first', async () => {
    await expect(runner.query('SELECT 1')).resolves.toBe('answer to SELECT 1');
    await runner.query('COMMIT');
    expect(runner.sent).toEqual(['append', 'SELECT 1', 'COMMIT']);
  });

  it('lets nothing overtake it', async () => {
    await Promise.all(['SELECT 1', 'SELECT 2', 'COMMIT'].map((statement) => runner.query(statement)));
    expect(runner.sent).toEqual(['append', 'SELECT 1', 'SELECT 2', 'COMMIT']);
  });

  it('drops it with a ROLLBACK', async () => {
    await runner.query('ROLLBACK');
    await runner.query('COMMIT');
    expect(runner.sent).toEqual(['ROLLBACK', 'COMMIT']);
  });

  it('commits nothing without it, when somebody has swallowed its error', async () => {
    failure = new Error('disk full');
    await runner.query('SELECT 1').catch(() => undefined);
    await expect(runner.query('COMMIT')).rejects.toBe(failure);
    await runner.query('ROLLBACK');
    await runner.query('SELECT 2');
    expect(runner.sent).toEqual(['append', 'ROLLBACK', 'SELECT 2']);
  });

  it('holds nothing back in a transaction that is not known for one of a save', () => {
    expect(canHold(new FakeRunner() as unknown as QueryRunner)).toBe(false);
  });
});
