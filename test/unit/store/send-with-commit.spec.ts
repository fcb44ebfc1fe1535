import type { QueryRunner } from 'typeorm';
import { sendWithCommit } from '../../../lib/store/postgres/send-with-commit.js';
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

describe('sendWithCommit', () => {
  beforeEach(() => {
    FakeRunner.statements = [];
    FakeRunner.error = undefined;
  });

  const setUp = () => {
    const failures: unknown[] = [];
    const runner = new FakeRunner();
    const send = () =>
      sendWithCommit(runner as unknown as QueryRunner, TABLES, '1,2', (error) => failures.push(error));
    return { failures, runner, send };
  };

  it('waits for the COMMIT, and for one only', async () => {
    const { runner, send } = setUp();
    expect(send()).toBe(true);
    await runner.query('SELECT 1');
    await runner.query('COMMIT');
    await runner.query('COMMIT');
    expect(FakeRunner.statements).toEqual(['SELECT 1', `COMMIT; NOTIFY "once_wake_up", '1,2'`, 'COMMIT']);
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
