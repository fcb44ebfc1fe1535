import type { QueryRunner } from 'typeorm';
import { notifyWithCommit } from '../../../lib/store/postgres/notify-with-commit.js';
import { sendWithCommit } from '../../../lib/store/postgres/with-commit.js';
import { tablesOf } from '../../../lib/store/tables.js';

const TABLES = tablesOf({ prefix: 'once_', schemaName: undefined }, (name) => `"${name}"`);

class FakeRunner {
  static statements: string[] = [];
  static error?: object;

  async query(statement: string): Promise<string> {
    FakeRunner.statements.push(statement);
    if (FakeRunner.error) throw FakeRunner.error;
    return 'answer';
  }
}

describe('what is sent with a COMMIT', () => {
  beforeEach(() => {
    FakeRunner.statements = [];
    FakeRunner.error = undefined;
  });

  const setUp = () => {
    const failures: unknown[] = [];
    const runner = new FakeRunner();
    const send = () =>
      notifyWithCommit(runner as unknown as QueryRunner, TABLES, '1,2', (error) => failures.push(error));
    const sendBefore = () => sendWithCommit(runner as unknown as QueryRunner, { before: 'CALL finish()' });
    return { failures, runner, send, sendBefore };
  };

  it('waits for the COMMIT, and for one only', async () => {
    const { runner, send } = setUp();
    expect(send()).toBe(true);
    await runner.query('SELECT 1');
    await runner.query('COMMIT');
    await runner.query('COMMIT');
    expect(FakeRunner.statements).toEqual(['SELECT 1', `COMMIT; NOTIFY "once_wake_up", '1,2'`, 'COMMIT']);
  });

  it('joins what comes before the COMMIT and what comes behind it', async () => {
    const { runner, send, sendBefore } = setUp();
    expect([sendBefore(), send()]).toEqual([true, true]);
    await runner.query('COMMIT');
    expect(FakeRunner.statements).toEqual([`CALL finish(); COMMIT; NOTIFY "once_wake_up", '1,2'`]);
  });

  it('sends nothing with a ROLLBACK', async () => {
    const { runner, send } = setUp();
    send();
    await runner.query('ROLLBACK');
    await runner.query('COMMIT');
    expect(FakeRunner.statements).toEqual(['ROLLBACK', 'COMMIT']);
  });

  it('leaves a runner alone that somebody watches', () => {
    const { runner, send } = setUp();
    const watched = async () => 'watched';
    runner.query = watched;
    expect(send()).toBe(false);
    expect(runner.query).toBe(watched);
  });

  it('leaves a runner alone that somebody has begun to watch meanwhile', () => {
    const { runner, send, sendBefore } = setUp();
    sendBefore();
    runner.query = async () => 'watched';
    expect(send()).toBe(false);
  });

  it('lets the commit stand when only the message failed', async () => {
    const { runner, send, failures } = setUp();
    send();
    FakeRunner.error = { driverError: { code: '54000', routine: 'asyncQueueAddEntries' } };
    await expect(runner.query('COMMIT')).resolves.toBeUndefined();
    expect(failures).toEqual([FakeRunner.error]);
  });

  it('rejects when the commit failed', async () => {
    const { runner, send, failures } = setUp();
    send();
    FakeRunner.error = { driverError: { code: '23503', routine: 'ri_ReportViolation' } };
    await expect(runner.query('COMMIT')).rejects.toBe(FakeRunner.error);
    expect(failures).toEqual([]);
  });
});
