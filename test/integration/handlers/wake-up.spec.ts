import type { EventSourcingOptions, WorkerOptions } from 'nestjs-once';
import type { Engine } from '../../../lib/module/engine.js';
import { engineToken } from '../../../lib/module/tokens.js';
import { startApplication, type TestApplication } from '../../support/application.js';
import {
  type DatabaseAddress,
  dataSourceOptionsFrom,
  describeEachDatabase,
} from '../../support/databases.js';
import { type Deferred, deferred, until } from '../../support/deferred.js';
import { scriptedHandler } from '../../support/scripted-handler.js';
import { Statements } from '../../support/statements.js';

/** Far longer than any test takes: what is handled was not found by looking. */
const NEVER = '1h';
const LOOK = /AS unreconciled/;
const CUT = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'`;

interface Setup {
  dispatch?: EventSourcingOptions['dispatch'];
  worker?: WorkerOptions;
  handler?: string;
  pattern?: string;
}

describeEachDatabase('wake-up', (db) => {
  const applications: TestApplication[] = [];
  const handled = new Map<string, Deferred>();
  let address: DatabaseAddress;

  const whenHandled = (key: string): Deferred => {
    if (!handled.has(key)) handled.set(key, deferred());
    return handled.get(key)!;
  };

  /** An application on the database of the test, as another process would be, and its statements. */
  const start = async ({ dispatch = 'none', worker = {}, handler = 'One', pattern = '*' }: Setup = {}) => {
    const statements = new Statements();
    const application = await startApplication({
      database: dataSourceOptionsFrom(address, { logging: true, logger: statements }),
      providers: [scriptedHandler(handler, ({ key }) => whenHandled(key).resolve(), { pattern })],
      options: { dispatch, worker: { pollInterval: NEVER, ...worker }, retention: false },
    });
    applications.push(application);
    return { ...application, statements };
  };

  beforeEach(async () => {
    address = await db.create();
    handled.clear();
  });

  afterEach(async () => {
    for (const each of applications.splice(0)) await each.close();
  });

  it('is done by looking where nobody tells, more often while there is something to do', async () => {
    const recorder = await start();
    const { app, statements } = await start({
      dispatch: 'background',
      worker: { pollInterval: 1500, listen: false },
    });
    const { worker } = app.get<Engine>(engineToken());
    await recorder.log.append({ group: 'a', key: 'first' });
    await whenHandled('first').promise;
    const looks = statements.matching(LOOK).length;
    for (const key of ['second', 'third', 'fourth']) {
      // It looks again when a run has ended: that is not meant here.
      await until(() => worker.isWaiting);
      await recorder.log.append({ group: 'a', key });
      await whenHandled(key).promise;
    }
    // Each would have needed one of the regular looks.
    expect(statements.matching(LOOK).length - looks).toBeLessThan(3);
    expect(statements.matching(/^LISTEN/)).toEqual([]);
  });

  it('takes one statement to find out that there is nothing to do', async () => {
    const { log, statements } = await start({ dispatch: 'background', worker: { pollInterval: 40 } });
    await log.append({ group: 'a', key: 'a' });
    await whenHandled('a').promise;
    // By then the event is reconciled and nothing is left to look for soon.
    await statements.seen(LOOK, 8);
    const before = statements.all.length;
    await statements.seen(LOOK, 18);
    const asked = statements.all.slice(before);
    // The lease, every ten seconds, may come in between.
    expect(asked.length).toBeLessThanOrEqual(12);
    expect(asked.filter((statement) => LOOK.test(statement))).toHaveLength(10);
  });

  it('starts what was put off when it is due, not when the next look comes', async () => {
    const { log } = await start({ dispatch: 'background', worker: { pollInterval: 3000 } });
    const due = Date.now() + 3300;
    await log.append({ group: 'a', key: 'a', availableAt: new Date(due) });
    await whenHandled('a').promise;
    // The regular looks are half a second before it is due and two and a half seconds after that.
    expect(Date.now() - due).toBeLessThan(2000);
  });

  if (db.name !== 'postgres') return;

  /** Resolves when the worker is told of what others record, and has looked for what it had missed by then. */
  const listening = ({ app }: TestApplication) => {
    const { lookout, worker } = app.get<Engine>(engineToken());
    return until(() => lookout.wakeUp.isHearing && worker.isWaiting);
  };

  /** A worker that listens. */
  const startListening = async (setup: Setup = {}) => {
    const worker = await start({ dispatch: 'background', ...setup });
    await listening(worker);
    return worker;
  };

  it('comes at once from another process', async () => {
    const recorder = await start();
    await startListening();
    for (const key of ['first', 'second']) {
      await recorder.log.append({ group: 'a', key });
      await whenHandled(key).promise;
    }
  });

  it('is not sent by the transaction that has something to tell, but in one message with its COMMIT', async () => {
    const recorder = await start();
    await startListening();
    const rolledBack = recorder.dataSource.transaction(async (manager) => {
      await recorder.log.append({ group: 'a', key: 'rolled back' }, { manager });
      throw new Error('roll back');
    });
    await expect(rolledBack).rejects.toThrow('roll back');
    await recorder.dataSource.transaction(async (manager) => {
      await recorder.log.append({ group: 'a', key: 'told' }, { manager });
    });
    await whenHandled('told').promise;
    expect(recorder.statements.matching(/notify/i)).toEqual([
      expect.stringMatching(/^COMMIT; NOTIFY "\w+", '\d+'$/),
    ]);
  });

  it('is sent after the commit where somebody watches the statements of the runner', async () => {
    const recorder = await start();
    await startListening();
    const runner = recorder.dataSource.createQueryRunner();
    runner.query = runner.query.bind(runner);
    await runner.startTransaction();
    await recorder.log.append({ group: 'a', key: 'watched' }, { manager: runner.manager });
    await runner.commitTransaction();
    await runner.release();
    await whenHandled('watched').promise;
    await recorder.statements.seen(/^NOTIFY/);
    expect(recorder.statements.matching(/^COMMIT; /)).toEqual([]);
  });

  it('leaves a commit that fails as it is, and a runner as it was', async () => {
    const recorder = await start();
    const { dataSource, log } = recorder;
    await dataSource.query('CREATE TABLE parent (id integer PRIMARY KEY)');
    await dataSource.query('CREATE TABLE child (id integer REFERENCES parent DEFERRABLE INITIALLY DEFERRED)');
    const runner = dataSource.createQueryRunner();
    await runner.startTransaction();
    await log.append({ group: 'a', key: 'refused' }, { manager: runner.manager });
    await runner.query('INSERT INTO child VALUES (1)');
    await expect(runner.commitTransaction()).rejects.toMatchObject({ driverError: { code: '23503' } });
    expect(Object.hasOwn(runner, 'query')).toBe(false);
    await runner.release();
    expect(await log.get('refused')).toBeUndefined();
  });

  it('is sent once for many commits', async () => {
    const recorder = await start();
    const writers = Array.from({ length: 16 }, async (_, writer) => {
      for (let count = 0; count < 20; count++)
        await recorder.log.append({ group: 'a', key: `${writer} ${count}` });
    });
    const started = performance.now();
    await Promise.all(writers);
    const took = performance.now() - started;
    const told = recorder.statements.matching(/notify/i).length;
    expect(told).toBeGreaterThan(0);
    expect(told).toBeLessThanOrEqual(1 + took / 5);
  });

  it('does not disturb who has no such handler', async () => {
    await start({ handler: 'Two', pattern: 'b' });
    const recorder = await start({ handler: 'One', pattern: 'a' });
    const other = await startListening({ handler: 'Two', pattern: 'b' });
    const claims = () => other.statements.matching(/SET state = 1|once_claim/).length;
    await other.statements.seen(/SET state = 1|once_claim/);
    const before = claims();
    for (let count = 0; count < 5; count++) await recorder.log.append({ group: 'a', key: `a${count}` });
    await recorder.log.append({ group: 'b', key: 'b' });
    await whenHandled('b').promise;
    // One that found it, and one after that to see whether there is more.
    expect(claims() - before).toBeLessThanOrEqual(2);
  });

  it('tells nobody of what the process handles at once itself', async () => {
    const alone = await startListening();
    await alone.log.append({ group: 'a', key: 'first' });
    await whenHandled('first').promise;
    const { worker } = alone.app.get<Engine>(engineToken());
    await until(() => worker.isWaiting);
    const before = alone.statements.matching(/notify/i).length;
    await alone.log.append({ group: 'a', key: 'second' });
    await whenHandled('second').promise;
    expect(alone.statements.matching(/notify/i)).toHaveLength(before);
  });

  it('tells the others of what an operator tries again', async () => {
    const operator = await start();
    await operator.log.append({ group: 'a', key: 'a' });
    await operator.deliveries.cancel({ key: 'a' });
    await startListening();
    await operator.deliveries.retry({ key: 'a' });
    await whenHandled('a').promise;
  });

  it('listens again when the connection was lost, and looks for what it has missed', async () => {
    const recorder = await start();
    const worker = await startListening();
    const cut = async () => (await recorder.dataSource.query<unknown[]>(CUT)).length > 0;
    await until(cut);
    await recorder.log.append({ group: 'a', key: 'missed' });
    await whenHandled('missed').promise;
    await worker.statements.seen(/^LISTEN/, 2);
    await listening(worker);
    await recorder.log.append({ group: 'a', key: 'told' });
    await whenHandled('told').promise;
  });

  it('costs a poll interval when the message is lost', async () => {
    const worker = await startListening({ worker: { pollInterval: 300 } });
    // Nobody tells of what is written like this.
    const recorder = await start({ dispatch: 'none' });
    await recorder.log.append({ group: 'a', key: 'a', availableAt: new Date(Date.now() + 3_600_000) });
    await recorder.dataSource.query('UPDATE once_delivery SET due_at = 0');
    const looks = worker.statements.matching(LOOK).length;
    await whenHandled('a').promise;
    expect(worker.statements.matching(LOOK).length - looks).toBeLessThanOrEqual(2);
    expect(recorder.statements.matching(/notify/i)).toEqual([]);
  });
});
