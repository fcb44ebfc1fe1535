import type { Provider } from '@nestjs/common';
import {
  type EventHandlerOptions,
  type EventSourcingOptions,
  EventType,
  type EventTypeContext,
  type GroupPattern,
  NonRetriableError,
  OnEvent,
  type OnEventOptions,
  SnoozeError,
} from 'nestjs-once';
import { drain, FixedClock } from 'nestjs-once/testing';
import type { Engine } from '../../../lib/module/engine.js';
import { engineToken } from '../../../lib/module/tokens.js';
import { startApplication, type TestApplication } from '../../support/application.js';
import {
  type DatabaseAddress,
  dataSourceOptionsFrom,
  describeEachDatabase,
} from '../../support/databases.js';
import { aborted, deferred, until } from '../../support/deferred.js';
import { type Script, scriptedHandler } from '../../support/scripted-handler.js';
import { Statements } from '../../support/statements.js';

const START = Date.parse('2026-03-01T00:00:00Z');
const LEASE = 30_000;
const MINUTE = 60_000;
const MADE = 'shop.Made';

/** Far longer than any test takes: what is handled was not found by looking. */
const NEVER = '1h';

describeEachDatabase('handlers of one event, by rank', (db) => {
  const applications: TestApplication[] = [];
  let address: DatabaseAddress;
  let clock: FixedClock;
  /** `handler key` in the order in which they started. */
  let starts: string[];
  /** The same, with `handler key ends` of those that ended well. */
  let course: string[];

  /** A handler on the class of the event, of this rank. */
  const onClass = (rank: number, script: Script = () => undefined, options: OnEventOptions = {}): OnClass => {
    const name = `class${rank}`;
    return { rank, options: { name, ...options }, script: noted(name, script) };
  };

  const noting = (
    name: string,
    script: Script = () => undefined,
    options: EventHandlerOptions & { pattern?: GroupPattern } = {},
  ): Provider => scriptedHandler(name, noted(name, script), options);

  const noted =
    (name: string, script: Script): Script =>
    async (event, context) => {
      const run = `${name} ${event.key}`;
      starts.push(run);
      course.push(run);
      await script(event, context);
      await new Promise((resolve) => setImmediate(resolve));
      course.push(`${run} ends`);
    };

  const start = async (
    handlers: (Provider | OnClass)[],
    options: EventSourcingOptions = {},
    statements?: Statements,
  ) => {
    const application = await startApplication({
      database: dataSourceOptionsFrom(address, statements ? { logging: true, logger: statements } : {}),
      providers: handlers.filter((handler): handler is Provider => !isOnClass(handler)),
      options: {
        clock,
        retry: { maxRetries: 2, interval: 1000, backoff: 1, jitter: 0 },
        events: [eventClass(handlers.filter(isOnClass))],
        ...options,
      },
      synchronize: applications.length === 0,
    });
    applications.push(application);
    return application;
  };

  const made = (...keys: string[]) => keys.map((key) => ({ group: MADE, key, data: {} }));
  const startsOf = (key: string) => starts.filter((each) => each.endsWith(` ${key}`)).map(nameOf);
  /** What is to become of an event whose handlers run one after another. */
  const inTurn = (key: string, ...handlers: string[]) =>
    handlers.flatMap((handler) => [`${handler} ${key}`, `${handler} ${key} ends`]);
  const courseOf = (key: string) => course.filter((each) => each.split(' ')[1] === key);
  const engineOf = ({ app }: TestApplication) => app.get<Engine>(engineToken());

  beforeEach(async () => {
    address = await db.create();
    clock = new FixedClock(START);
    starts = [];
    course = [];
  });

  afterEach(async () => {
    for (const each of applications.splice(0)) await each.close();
  });

  describe.each([false, true])('(transactional: %s)', (transactional) => {
    it('one after another, the others when all of them had their attempt; in one drain, at one time', async () => {
      const ended: string[] = [];
      const ends: Script = async ({ key }, { handler }) => {
        await new Promise((resolve) => setImmediate(resolve));
        ended.push(`${handler} ${key}`);
      };
      const options = { transactional };
      const { app, log, deliveries } = await start([
        noting('other', ends, options),
        onClass(2, ends, options),
        onClass(0, ends, options),
        onClass(1, ends, options),
        noting('another', ends, options),
      ]);
      await log.append(made('a', 'b'));
      await drain(app);
      for (const key of ['a', 'b']) {
        expect(startsOf(key).slice(0, 3)).toEqual(['class0', 'class1', 'class2']);
        expect(startsOf(key).slice(3).sort()).toEqual(['another', 'other']);
        expect(
          ended
            .filter((each) => each.endsWith(key))
            .map(nameOf)
            .slice(0, 3),
        ).toEqual(['class0', 'class1', 'class2']);
      }
      expect(clock.now().getTime()).toBe(START);
      expect(await deliveries.counts()).toMatchObject({ succeeded: 10, pending: 0 });
    });

    it.each([
      ['failed', ['class0 a'], () => new Error('not yet')],
      ['was put off', ['class0 a'], () => new SnoozeError(new Date(START + MINUTE))],
      ['was its last', [], () => new NonRetriableError('never')],
    ])('go on when the first attempt of one %s, and wait for no second one', async (_, again, error) => {
      const fails: Script = (_event, { attempt }) => {
        if (attempt === 1) throw error();
      };
      const { app, log } = await start([onClass(0, fails, { transactional }), onClass(1), noting('other')]);
      await log.append(made('a'));
      await drain(app).catch(() => undefined);
      expect(starts).toEqual(['class0 a', 'class1 a', 'other a']);
      expect(clock.now().getTime()).toBe(START);
      await drain(app, { retries: true });
      expect(starts.slice(3)).toEqual(again);
    });
  });

  it('by themselves in the background, without a look at what is due', async () => {
    const { log, deliveries } = await start([onClass(0), onClass(1), noting('other')], {
      clock: { now: () => new Date() },
      dispatch: 'background',
      worker: { pollInterval: NEVER },
    });
    const keys = Array.from({ length: 40 }, (_, number) => `${number}`);
    for (const key of keys.slice(0, 10)) await log.append(made(key));
    await log.append(made(...keys.slice(10)));
    await until(async () => (await deliveries.counts()).succeeded === 120);
    for (const key of keys) expect(courseOf(key)).toEqual(inTurn(key, 'class0', 'class1', 'other'));
  });

  it('are not claimed as they are created where they wait', async () => {
    const release = deferred();
    const { log, deliveries } = await start([onClass(0, () => release.promise), noting('other')], {
      dispatch: 'background',
      worker: { pollInterval: NEVER },
    });
    await log.append({ group: 'plain', key: 'plain' });
    // From here on the process has a lease, and claims what it creates.
    await until(async () => (await deliveries.counts()).succeeded === 1);
    await log.append(made('a')[0]!);
    const { items } = await deliveries.list({ key: 'a', handler: 'other', status: 'pending' });
    release.resolve();
    expect(items).toHaveLength(1);
    await until(() => course.length === 6);
    expect(courseOf('a')).toEqual(inTurn('a', 'class0', 'other'));
  });

  it('are held up by one that hangs for a lease, those off the class for one lease in all', async () => {
    const release = deferred();
    const hangs: Script = () => release.promise;
    const application = await start([onClass(0, hangs), onClass(1, hangs), noting('other')], {
      dispatch: 'background',
      worker: { pollInterval: 20 },
    });
    const { log, deliveries } = application;
    await log.append(made('a'));
    await until(() => starts.length > 0);
    expect(starts).toEqual(['class0 a']);
    const waits = (await deliveries.list({ status: 'pending' })).items;
    expect(waits.map(({ handler, dueAt }) => [handler, dueAt!.getTime()]).sort()).toEqual([
      ['class1', START + LEASE],
      ['other', START + LEASE],
    ]);
    clock.advance(LEASE);
    await until(() => starts.length === 3);
    release.resolve();
    await until(async () => (await deliveries.counts()).succeeded === 3);
  });

  it('wait no longer for one whose lease is over when others go on', async () => {
    const release = deferred();
    const { log } = await start([onClass(0, () => release.promise), onClass(1), onClass(2)], {
      dispatch: 'background',
      worker: { pollInterval: 20 },
    });
    await log.append(made('a'));
    await until(() => starts.length > 0);
    clock.advance(LEASE);
    await until(() => starts.length === 3);
    expect(starts).toEqual(['class0 a', 'class1 a', 'class2 a']);
    release.resolve();
  });

  it('are all put off by as much where the event is delayed', async () => {
    const { app, log, deliveries } = await start([onClass(0), noting('other')]);
    const availableAt = new Date(START + MINUTE);
    await log.append({ ...made('a')[0]!, availableAt });
    await drain(app);
    expect(starts).toEqual([]);
    const { items } = await deliveries.list();
    expect(items.map(({ dueAt }) => dueAt!.getTime())).toEqual([START + MINUTE, START + MINUTE + LEASE]);
    clock.set(availableAt);
    await drain(app);
    expect(starts).toEqual(['class0 a', 'other a']);
    expect(clock.now()).toEqual(availableAt);
  });

  it('that a person cancels are waited for no more', async () => {
    const { app, log, deliveries } = await start([onClass(0), onClass(1), noting('other')]);
    await log.append(made('a', 'b'));
    expect(await deliveries.cancel({ handler: 'class0', key: 'a' })).toBe(1);
    expect((await deliveries.list({ key: 'a', handler: 'class1' })).items[0]!.dueAt).toEqual(clock.now());
    await drain(app);
    expect(startsOf('a')).toEqual(['class1', 'other']);
    expect(startsOf('b')).toEqual(['class0', 'class1', 'other']);
  });

  it('that run when a person cancels them are waited for until they end', async () => {
    const application = await start([
      onClass(0, async (_, { signal }) => {
        throw await aborted(signal);
      }),
      noting('other'),
    ]);
    await application.log.append(made('a'));
    const drained = drain(application.app);
    await until(() => starts.length === 1);
    expect(await application.deliveries.cancel({ handler: 'class0' })).toBe(1);
    await drained;
    expect(starts).toEqual(['class0 a', 'other a']);
    expect(await application.deliveries.counts()).toMatchObject({ cancelled: 1, succeeded: 1 });
  });

  it('are brought back by a retry without those that are delayed', async () => {
    const { app, log, deliveries } = await start([onClass(0), noting('other')]);
    await log.append({ ...made('a')[0]!, availableAt: new Date(START + MINUTE) });
    await deliveries.cancel({ handler: 'class0' });
    await deliveries.retry({ handler: 'class0' });
    await drain(app);
    expect(starts).toEqual(['class0 a']);
    expect(await deliveries.counts()).toMatchObject({ pending: 1 });
  });

  it('that are paused or retired hold up nobody', async () => {
    const { app, log, deliveries } = await start([onClass(0), onClass(1), noting('other')]);
    await deliveries.pause('class0');
    await log.append(made('a'));
    await drain(app);
    expect(starts).toEqual(['class1 a', 'other a']);
    await deliveries.resume('class0');
    await drain(app);
    await deliveries.retire('class1');
    await log.append(made('b'));
    await drain(app);
    expect(startsOf('a')).toEqual(['class1', 'other', 'class0']);
    expect(startsOf('b')).toEqual(['class0', 'other']);
  });

  it('that were paused when events were there hold them up for a lease', async () => {
    const { app, log, deliveries } = await start([onClass(0), noting('other')]);
    await log.append(made('a'));
    await deliveries.pause('class0');
    await drain(app);
    expect(starts).toEqual([]);
    clock.advance(LEASE);
    await drain(app);
    expect(starts).toEqual(['other a']);
  });

  it('that a process took with it when it died are waited for no longer than a lease', async () => {
    const application = await start([onClass(0), noting('other')]);
    await application.log.append(made('a'));
    const { tables } = engineOf(application).parts.database;
    await engineOf(application).parts.database.run((sql) =>
      sql.change(`UPDATE ${tables.delivery} SET state = 1, worker_id = 99999 WHERE due_at <= ?`, [START]),
    );
    clock.advance(LEASE);
    expect(await engineOf(application).parts.worker.runDue()).toBe(1);
    expect(starts).toEqual(['other a']);
    await drain(application.app);
    expect(starts).toEqual(['other a', 'class0 a']);
  });

  it('run by themselves where a process died before it made them due', async () => {
    const { app, log, deliveries } = await start([onClass(0), noting('other')]);
    await log.append(made('a'));
    const { promoter } = app.get<Engine>(engineToken()).parts;
    promoter.after = () => undefined;
    await drain(app);
    expect(starts).toEqual(['class0 a']);
    expect(await deliveries.counts()).toMatchObject({ pending: 1 });
    await drain(app, { retries: true });
    expect(starts).toEqual(['class0 a', 'other a']);
    expect(clock.now().getTime()).toBe(START + LEASE);
  });

  it('are waited for in other processes, which are told', async () => {
    // Where processes are not told they look.
    const pollInterval = db.name === 'postgres' ? NEVER : 20;
    const options: EventSourcingOptions = {
      clock: { now: () => new Date() },
      dispatch: 'background',
      worker: { pollInterval },
    };
    const one = await start([onClass(0), onClass(1)], options);
    const two = await start([noting('other')], options);
    for (const each of [one, two]) await engineOf(each).parts.registry.refresh();
    if (db.name === 'postgres')
      for (const each of [one, two]) await until(() => engineOf(each).parts.wakeUp.isHearing);
    await two.log.append(made('a', 'b'));
    await until(() => course.length === 12);
    for (const key of ['a', 'b']) expect(courseOf(key)).toEqual(inTurn(key, 'class0', 'class1', 'other'));
  });

  it('wait for each other in the events that a process recorded which did not know them', async () => {
    const recorder = await start([]);
    const application = await start([onClass(0), noting('other')]);
    await recorder.log.append(made('a'));
    await drain(application.app);
    expect(course).toEqual(inTurn('a', 'class0', 'other'));
  });

  it('that are ordered wait for none, and none waits for them', async () => {
    const { app, log, deliveries } = await start([
      onClass(0),
      onClass(1, undefined, { ordered: true }),
      onClass(2),
      noting('other', undefined, { ordered: true }),
      noting('free'),
    ]);
    await deliveries.pause('class0');
    await deliveries.pause('class1');
    const keys = ['a:1', 'a:2', 'b:1', 'a:3', 'b:2'];
    await log.append(keys.map((key) => ({ group: MADE, key, data: {}, orderKey: key[0]! })));
    await drain(app);
    for (const key of keys) {
      expect(startsOf(key).filter((name) => name !== 'other')).toEqual(['class2', 'free']);
      expect(startsOf(key)).toContain('other');
    }
    for (const orderKey of ['a', 'b'])
      expect(starts.filter((each) => each.startsWith(`other ${orderKey}`))).toEqual(
        keys.filter((key) => key.startsWith(orderKey)).map((key) => `other ${key}`),
      );
    await deliveries.resume('class0');
    await deliveries.resume('class1');
    await log.append({ group: MADE, key: 'c', data: {}, orderKey: 'c' });
    const waiting = (await deliveries.list({ key: 'c' })).items.filter(({ dueAt }) => dueAt! > clock.now());
    expect(waiting.map(({ handler }) => handler).sort()).toEqual(['class2', 'free']);
    await drain(app);
    expect(startsOf('c').filter((name) => !['class1', 'other'].includes(name))).toEqual([
      'class0',
      'class2',
      'free',
    ]);
  });

  describe('inline', () => {
    const inline: EventSourcingOptions = { dispatch: 'inline', retry: { maxRetries: 5, interval: 0 } };

    it.each([1, 30])('%s saved at once: all had one attempt, in order, when it returns', async (count) => {
      const { log, deliveries } = await start([noting('other'), onClass(1), onClass(0)], inline);
      const keys = Array.from({ length: count }, (_, number) => `${number}`);
      await log.append(made(...keys));
      expect(await deliveries.counts()).toMatchObject({ succeeded: 3 * count, pending: 0 });
      expect(startsOf('0')).toEqual(['class0', 'class1', 'other']);
      if (count > 1) expect(startsOf('29')).toEqual(['class0', 'class1', 'other']);
    });

    it('one attempt each, whatever came of it', async () => {
      const fails: Script = () => {
        throw new Error('not yet');
      };
      const { log } = await start([noting('other', fails), onClass(1, fails), onClass(0, fails)], inline);
      await log.append(made('a'));
      expect(starts).toEqual(['class0 a', 'class1 a', 'other a']);
    });

    it('only once, where another event of the call lets its handler run', async () => {
      const fails: Script = ({ key }) => {
        if (key === 'plain') throw new Error('not yet');
      };
      const { log } = await start([noting('other', fails), onClass(0)], inline);
      await log.append([...made('a'), { group: 'plain', key: 'plain' }]);
      expect(starts.toSorted()).toEqual(['class0 a', 'other a', 'other plain']);
    });

    it('of many calls at the same time', async () => {
      const { log, deliveries } = await start([noting('other'), onClass(1), onClass(0)], inline);
      for (let round = 0; round < 12; round++)
        await Promise.all(Array.from({ length: 12 }, (_, number) => log.append(made(`${round}:${number}`))));
      expect(await deliveries.counts()).toMatchObject({ succeeded: 3 * 144, pending: 0 });
    });

    it('beside ordered ones, which several calls run for each other', async () => {
      const { log, deliveries } = await start(
        [noting('other', undefined, { ordered: true }), onClass(1), onClass(0), noting('free')],
        inline,
      );
      await Promise.all(
        Array.from({ length: 12 }, async (_, number) => {
          const key = `a:${number}`;
          await log.append({ group: MADE, key, data: {}, orderKey: 'a' });
          expect(startsOf(key).filter((name) => name !== 'other')).toEqual(['class0', 'class1', 'free']);
          expect(startsOf(key)).toContain('other');
        }),
      );
      expect(await deliveries.counts()).toMatchObject({ succeeded: 48, pending: 0 });
    });

    it('what they record themselves, in their own order key', async () => {
      const record: Script = async ({ key }) => {
        const number = Number(key.split(':')[1]);
        if (number < 4) await log.append({ group: MADE, key: `a:${number + 1}`, data: {}, orderKey: 'a' });
      };
      const { log, deliveries } = await start(
        [noting('other', record, { ordered: true }), onClass(0, record), noting('free')],
        inline,
      );
      await log.append({ group: MADE, key: 'a:1', data: {}, orderKey: 'a' });
      expect(await deliveries.counts()).toMatchObject({ succeeded: 12, pending: 0 });
      for (const number of [1, 2, 3, 4])
        expect(startsOf(`a:${number}`).filter((name) => name !== 'other')).toEqual(['class0', 'free']);
    });
  });

  it('cost the events nothing that have no handlers of several ranks', async () => {
    const statements = new Statements();
    const { app, log } = await start([onClass(0), noting('other'), noting('another')], {}, statements);
    const costOf = async (group: string) => {
      statements.all.length = 0;
      await log.append({ group, key: group, data: {} });
      await drain(app);
      return { promotions: statements.matching(/AND starts = 0/).length };
    };
    expect(await costOf(MADE)).toEqual({ promotions: 2 });
    expect(await costOf('plain')).toEqual({ promotions: 0 });
  });
});

/** What a method of the event's class is to be. */
interface OnClass {
  rank: number;
  options: OnEventOptions;
  script: Script;
}

function isOnClass(handler: Provider | OnClass): handler is OnClass {
  return 'rank' in handler;
}

/** The class of the event, with these methods in the order of their ranks. */
function eventClass(methods: readonly OnClass[]): new () => object {
  class Made {}
  for (const { rank, options, script } of methods.toSorted((one, other) => one.rank - other.rank)) {
    const value = (context: EventTypeContext) => script(context.event, context);
    const descriptor = { value, configurable: true, writable: true };
    OnEvent(options)(Made.prototype, `method${rank}`, descriptor);
    Object.defineProperty(Made.prototype, `method${rank}`, descriptor);
  }
  EventType(MADE)(Made);
  return Made;
}

function nameOf(start: string): string {
  return start.split(' ')[0]!;
}
