import type { EventSourcingOptions, WorkerOptions } from 'nestjs-once';
import { DataSource } from 'typeorm';
import type { Engine } from '../../../lib/module/engine.js';
import { engineToken } from '../../../lib/module/tokens.js';
import { startApplication, type TestApplication } from '../../support/application.js';
import {
  type DatabaseAddress,
  dataSourceOptionsFrom,
  describeEachDatabase,
} from '../../support/databases.js';
import { directUrlOf } from '../../support/data-source-options.js';
import { type Deferred, deferred, until } from '../../support/deferred.js';
import { scriptedHandler } from '../../support/scripted-handler.js';
import { Statements } from '../../support/statements.js';

/** Far longer than any test takes: what is handled was not found by looking. */
const NEVER = '1h';
const LOOK = /AS unreconciled/;
const CLAIM = /SET state = 1|once_claim/;
const CUT = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'`;

interface Setup {
  dispatch?: EventSourcingOptions['dispatch'];
  worker?: WorkerOptions;
  handler?: string;
  pattern?: string;
  ordered?: boolean;
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
  const start = async (setup: Setup = {}) => {
    const { dispatch = 'none', worker = {}, handler = 'One', pattern = '*', ordered = false } = setup;
    const statements = new Statements();
    const application = await startApplication({
      database: dataSourceOptionsFrom(address, { logging: true, logger: statements }),
      providers: [scriptedHandler(handler, ({ key }) => whenHandled(key).resolve(), { pattern, ordered })],
      options: { dispatch, worker: { pollInterval: NEVER, lease: NEVER, ...worker }, retention: false },
    });
    applications.push(application);
    return { ...application, statements };
  };

  const engineOf = ({ app }: Pick<TestApplication, 'app'>) => app.get<Engine>(engineToken());

  /** A regular look, when the test wants one: by itself the first would come in an hour. */
  const look = async (application: Pick<TestApplication, 'app'>) => {
    const { parts, handlerIds } = engineOf(application);
    parts.polling.saw(await parts.outlook.nextDue(handlerIds));
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
    const { app, statements } = await start({ dispatch: 'background', worker: { listen: false } });
    const { worker } = engineOf({ app }).parts;
    await until(() => worker.isWaiting);
    await recorder.log.append({ group: 'a', key: 'first' });
    await look({ app });
    await whenHandled('first').promise;
    for (const key of ['second', 'third', 'fourth']) {
      // It looks again when a run has ended: that is not meant here.
      await until(() => worker.isWaiting);
      await recorder.log.append({ group: 'a', key });
      await whenHandled(key).promise;
    }
    expect(statements.matching(LOOK)).toEqual([]);
    expect(statements.matching(/^LISTEN/)).toEqual([]);
  });

  it.each([
    ['one statement', false, 1],
    ['up to two more with ordered handlers', true, 3],
  ])('takes %s to find out that there is nothing to do', async (_, ordered, most) => {
    const worker = { pollInterval: 40 };
    const { app, log, statements } = await start({ dispatch: 'background', worker, ordered });
    const { parts, handlerIds } = engineOf({ app });
    await log.append({ group: 'a', key: 'a' });
    await whenHandled('a').promise;
    // Transactions of other databases on the server may hold that up.
    await until(async () => !(await parts.outlook.look(handlerIds)).unreconciled);
    const looks = statements.matching(LOOK).length;
    // By then nothing is left to look for soon.
    await statements.seen(LOOK, looks + 8);
    const before = statements.all.length;
    await statements.seen(LOOK, looks + 18);
    const asked = statements.all.slice(before);
    // The handler's heartbeat, every twenty seconds, may come in between.
    expect(asked.length).toBeLessThanOrEqual(most * 10 + 2);
    expect(asked.filter((statement) => LOOK.test(statement))).toHaveLength(10);
  });

  it('starts what was put off when it is due, not when the next look comes', async () => {
    const { app, log } = await start({ dispatch: 'background' });
    await log.append({ group: 'a', key: 'a', availableAt: new Date(Date.now() + 1000) });
    await look({ app });
    await whenHandled('a').promise;
  });

  if (db.name !== 'postgres') return;

  /** Resolves when the worker is told of what others record, and has looked for what it had missed by then. */
  const listening = (application: TestApplication) => {
    const { wakeUp, worker } = engineOf(application).parts;
    return until(() => wakeUp.isHearing && worker.isWaiting);
  };

  /** A worker that listens. */
  const startListening = async (setup: Setup = {}) => {
    const worker = await start({ dispatch: 'background', ...setup });
    await listening(worker);
    return worker;
  };

  /** What a release hears that knows one channel. */
  const earlierRelease = async () => {
    const messages: string[] = [];
    const url = directUrlOf(dataSourceOptionsFrom(address)) ?? address.url;
    const dataSource = await new DataSource(dataSourceOptionsFrom({ ...address, url })).initialize();
    const runner = dataSource.createQueryRunner();
    const client = (await runner.connect()) as NodeJS.EventEmitter;
    await runner.query('LISTEN once_wake_up');
    const heard = deferred();
    client.on('notification', ({ payload }: { payload: string }) => {
      messages.push(payload);
      heard.resolve();
    });
    const end = async () => {
      await runner.release();
      await dataSource.destroy();
    };
    return { messages, heard, end };
  };

  it('comes at once from another process', async () => {
    const recorder = await start();
    await startListening();
    for (const key of ['first', 'second']) {
      await recorder.log.append({ group: 'a', key });
      await whenHandled(key).promise;
    }
  });

  it('is not sent by the transaction that has something to tell, but by the statement that proves its commit', async () => {
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
    const [proof, ...others] = recorder.statements.matching(/notify/i);
    expect(proof).toMatch(
      /^SELECT position, event_key, pg_notify\('once_wake_up', '1'\), pg_notify\('once_committed', '\["a"\]'\) FROM "once_event"/,
    );
    expect(others).toEqual([]);
    const { all } = recorder.statements;
    expect(all.indexOf(proof!)).toBeGreaterThan(all.lastIndexOf('COMMIT'));
  });

  it('is heard by a process of an earlier release, which knows the handlers alone', async () => {
    const recorder = await start();
    const client = await earlierRelease();
    await recorder.log.append({ group: 'a', key: 'a' });
    await client.heard.promise;
    expect(client.messages).toEqual(['1']);
    await client.end();
  });

  it('is not sent for a commit that was none', async () => {
    const recorder = await start();
    const client = await earlierRelease();
    await recorder.dataSource.transaction(async (manager) => {
      await recorder.log.append({ group: 'a', key: 'swallowed' }, { manager });
      await manager.query('SELECT 1/0').catch(() => undefined);
    });
    await recorder.statements.seen(/pg_notify/);
    await engineOf(recorder).parts.commits.flush();
    await recorder.dataSource.query(`NOTIFY once_wake_up, 'the next one'`);
    await client.heard.promise;
    expect(client.messages).toEqual(['the next one']);
    await client.end();
  });

  it('is sent once for many commits', async () => {
    const recorder = await start();
    const started = performance.now();
    const writers = Array.from({ length: 16 }, async (_, writer) => {
      for (let count = 0; count < 20; count++)
        await recorder.log.append({ group: 'a', key: `${writer} ${count}` });
    });
    await Promise.all(writers);
    const took = performance.now() - started;
    const told = recorder.statements.matching(/notify/i).length;
    expect(told).toBeGreaterThan(0);
    // One in five milliseconds, by timers that may ring up to one too early.
    expect(told).toBeLessThanOrEqual(1 + took / 4);
  });

  it('does not disturb who has no such handler', async () => {
    await start({ handler: 'Two', pattern: 'b' });
    const recorder = await start({ handler: 'One', pattern: 'a' });
    const other = await startListening({ handler: 'Two', pattern: 'b' });
    const claims = () => other.statements.matching(CLAIM).length;
    await other.statements.seen(CLAIM);
    const before = claims();
    for (let count = 0; count < 5; count++) await recorder.log.append({ group: 'a', key: `a${count}` });
    await recorder.log.append({ group: 'b', key: 'b' });
    await whenHandled('b').promise;
    // One that found it, and one after that to see whether there is more.
    expect(claims() - before).toBeLessThanOrEqual(2);
  });

  it('tells the others of which groups something was committed, and of no delivery that the process takes itself', async () => {
    const alone = await startListening();
    const other = await startListening({ handler: 'Two', pattern: 'b' });
    const groups: string[] = [];
    const heard = deferred();
    engineOf(other).parts.commits.on({
      elsewhere: (some) => {
        groups.push(...(some ?? []));
        if (groups.includes('a')) heard.resolve();
      },
    });
    const claims = other.statements.matching(CLAIM).length;
    // Behind a pooler it has sent one to find out whether any comes.
    const before = alone.statements.matching(/notify/i).length;
    await alone.log.append({ group: 'a', key: 'first' });
    await heard.promise;
    await whenHandled('first').promise;
    expect(alone.statements.matching(/notify/i).slice(before)).toEqual([`NOTIFY "once_committed", '["a"]'`]);
    expect(other.statements.matching(CLAIM)).toHaveLength(claims);
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
    const before = worker.statements.all.length;
    await whenHandled('a').promise;
    const asked = worker.statements.all.slice(before).filter((each) => LOOK.test(each) || CLAIM.test(each));
    // Claimed after the first look that comes; one that was under way may have found it before.
    expect(asked.findIndex((each) => CLAIM.test(each))).toBeLessThanOrEqual(1);
    expect(recorder.statements.matching(/notify.*wake_up/i)).toEqual([]);
  });
});
