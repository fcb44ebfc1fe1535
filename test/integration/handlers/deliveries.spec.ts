import {
  type DeliveryFilter,
  type EventSourcingOptions,
  InvalidOptionError,
  UnknownHandlerError,
  UnknownOptionError,
} from 'nestjs-once';
import { drain, FixedClock } from 'nestjs-once/testing';
import { startApplication, type TestApplication } from '../../support/application.js';
import { describeEachDatabase } from '../../support/databases.js';
import { aborted, deferred } from '../../support/deferred.js';
import { Statements } from '../../support/statements.js';
import { type Script, scriptedHandler } from '../../support/scripted-handler.js';

describeEachDatabase('Deliveries', (db) => {
  const applications: TestApplication[] = [];
  let application: TestApplication;

  const start = async (
    script: Script = () => undefined,
    options: EventSourcingOptions = {},
    database = db.options(),
  ) => {
    application = await startApplication({
      database: await database,
      providers: [
        scriptedHandler('One', script, { pattern: 'one' }),
        scriptedHandler('Both', script, { pattern: '*' }),
      ],
      options: { retry: { maxRetries: 0 }, ...options },
    });
    applications.push(application);
    return application;
  };
  const append = (...keys: string[]) =>
    application.log.append(keys.map((key) => ({ group: key.split('_')[0]!, key })));

  afterEach(async () => {
    for (const each of applications.splice(0)) await each.close();
  });

  it('lists the newest first, a page at a time, each once', async () => {
    const { app, deliveries } = await start();
    await append('one_1', 'two_1');
    await drain(app);
    await append('one_2');
    const inOrder = (await deliveries.list()).items;
    const pages: string[] = [];
    for (let after: string | undefined, more = true; more;) {
      const page = await deliveries.list({}, { limit: 2, newestFirst: true, ...(after ? { after } : {}) });
      pages.push(...page.items.map(({ key, handler }) => `${key} ${handler}`));
      after = page.next;
      more = after !== undefined;
    }
    expect(pages).toEqual(inOrder.map(({ key, handler }) => `${key} ${handler}`).reverse());
    await expect(deliveries.list({}, { newestFirst: 'yes' as never })).rejects.toThrow(InvalidOptionError);
  });

  it('lists the data of the events where it is asked for, and why it cannot be read', async () => {
    const { log, deliveries, dataSource } = await start();
    await log.append([
      { group: 'two', key: 'two_1', data: { at: new Date(5), list: [1n] } },
      { group: 'two', key: 'two_2' },
    ]);
    const listed = async () => (await deliveries.list({}, { withData: true })).items;
    expect((await listed()).map(({ data }) => data)).toEqual([{ at: new Date(5), list: [1n] }, undefined]);
    expect((await deliveries.list()).items[0]).not.toHaveProperty('data');
    await dataSource.query(`UPDATE once_event SET payload = '{' WHERE event_key = 'two_1'`);
    const [broken, sound] = await listed();
    expect(broken).toMatchObject({ key: 'two_1', dataError: expect.stringMatching(/./) });
    expect(sound).not.toHaveProperty('dataError');
  });

  it('finds deliveries by the tags of their events, the text of their last error and the time of it', async () => {
    const clock = new FixedClock('2026-01-01T00:00:00Z');
    const script: Script = ({ key }) => {
      if (key !== 'one_ok') throw new Error(`Mail server said "${key} 100%_"`);
    };
    const { app, log, deliveries } = await start(script, { clock });
    const append = (key: string, tags: string[]) => log.append({ group: 'two', key, tags });
    await append('two_1', ['user:1', 'plan:a']);
    await expect(drain(app)).rejects.toThrow();
    clock.advance('1h');
    await append('two_2', ['user:2', 'plan:a']);
    await expect(drain(app)).rejects.toThrow();
    await log.append({ group: 'one', key: 'one_ok', tags: ['user:1'] });
    await drain(app).catch(() => undefined);

    const found = async (filter: DeliveryFilter) => {
      const { items } = await deliveries.list(filter);
      const { dead, succeeded } = await deliveries.counts(filter);
      expect([dead, succeeded]).toEqual([
        items.filter(({ status }) => status === 'dead').length,
        items.filter(({ status }) => status === 'succeeded').length,
      ]);
      return [...new Set(items.map(({ key }) => key))];
    };
    const noon = new Date('2026-01-01T00:30:00Z');
    expect(await found({ tag: 'user:1' })).toEqual(['two_1', 'one_ok']);
    expect(await found({ tag: ['user:1', 'user:2'], status: 'dead' })).toEqual(['two_1', 'two_2']);
    expect(await found({ tag: 'plan:a', key: ['two_2', 'one_ok'] })).toEqual(['two_2']);
    expect(await found({ error: 'said "two_1 100%_' })).toEqual(['two_1']);
    expect(await found({ error: 'SAID' })).toEqual([]);
    expect(await found({ error: 'said', key: 'two_2' })).toEqual(['two_2']);
    expect(await found({ failedBefore: noon })).toEqual(['two_1']);
    expect(await found({ failedAfter: noon })).toEqual(['two_2']);
    expect(await found({ failedAfter: noon, status: 'succeeded' })).toEqual([]);

    expect(await deliveries.retry({ error: 'two_1' })).toBe(1);
    expect(await deliveries.cancel({ failedAfter: noon, tag: 'user:2' })).toBe(1);
    expect(await found({ status: 'pending' })).toEqual(['two_1']);
    expect(await found({ status: 'cancelled' })).toEqual(['two_2']);
    await expect(deliveries.list({ error: '' })).rejects.toThrow(InvalidOptionError);
    await expect(deliveries.retry({ failedAfter: 'today' as never })).rejects.toThrow(InvalidOptionError);
  });

  it('lists a page at a time in log order, filtered by anything', async () => {
    const clock = new FixedClock('2026-01-01T00:00:00Z');
    const { app, deliveries } = await start(undefined, { clock });
    await append('one_1', 'two_1');
    await drain(app);
    clock.advance('1h');
    await append('one_2');
    const first = await deliveries.list({}, { limit: 3 });
    expect(first.items.map(({ key, handler, status }) => `${key} ${handler} ${status}`)).toEqual([
      expect.stringMatching(/^one_1 (One|Both) succeeded$/),
      expect.stringMatching(/^one_1 (One|Both) succeeded$/),
      'two_1 Both succeeded',
    ]);
    const second = await deliveries.list({}, { limit: 3, after: first.next! });
    expect(second.items.map(({ key, status }) => `${key} ${status}`)).toEqual([
      'one_2 pending',
      'one_2 pending',
    ]);
    expect(second.next).toBeUndefined();

    const keys = async (filter: Parameters<typeof deliveries.list>[0]) =>
      (await deliveries.list(filter)).items.map(({ key, handler }) => `${key} ${handler}`);
    expect(await keys({ handler: 'One' })).toEqual(['one_1 One', 'one_2 One']);
    expect(await keys({ group: 'two' })).toEqual(['two_1 Both']);
    expect(await keys({ key: ['two_1', 'none'], status: 'succeeded' })).toEqual(['two_1 Both']);
    expect(await keys({ status: [] })).toEqual([]);
    const later = new Date('2026-01-01T00:30:00Z');
    expect(await keys({ after: later, handler: 'One' })).toEqual(['one_2 One']);
    expect(await keys({ before: later, handler: 'One' })).toEqual(['one_1 One']);
    expect(await deliveries.counts({ handler: 'Both' })).toEqual({
      pending: 1,
      running: 0,
      dead: 0,
      succeeded: 2,
      cancelled: 0,
    });
  });

  it('refuses filters and pages that it does not understand', async () => {
    const { deliveries } = await start();
    await expect(deliveries.list({ handlers: 'One' } as never)).rejects.toThrow(UnknownOptionError);
    await expect(deliveries.retry({ status: 'failed' as never })).rejects.toThrow(/status .* got "failed"/);
    await expect(deliveries.cancel({ before: new Date(NaN) })).rejects.toThrow(InvalidOptionError);
    await expect(deliveries.list({}, { after: 'somewhere' })).rejects.toThrow(InvalidOptionError);
    await expect(deliveries.list({}, { limit: NaN })).rejects.toThrow(InvalidOptionError);
    await expect(deliveries.backfill('Two')).rejects.toThrow(UnknownHandlerError);
    await expect(deliveries.backfill('Two')).rejects.toThrow('Known handlers: One, Both');
    await expect(deliveries.backfill('One', { from: 'monday' as never })).rejects.toThrow(InvalidOptionError);
  });

  it('refuses a filter with an undefined property, by its name, and changes nothing', async () => {
    const { deliveries, log, rescan } = await start();
    await append('one_1', 'one_2');
    const missing = (option: string) => ({ code: 'INVALID_OPTION', option, actual: 'undefined' });
    for (const name of ['status', 'handler', 'group', 'key', 'before', 'after']) {
      const filter = { status: 'pending', [name]: undefined } as never;
      await expect(deliveries.cancel(filter)).rejects.toMatchObject(missing(name));
      await expect(deliveries.retry(filter)).rejects.toMatchObject(missing(name));
      await expect(deliveries.list(filter)).rejects.toMatchObject(missing(name));
      await expect(deliveries.counts(filter)).rejects.toMatchObject(missing(name));
    }
    await expect(deliveries.backfill('One', { from: undefined })).rejects.toMatchObject(missing('from'));
    await expect(rescan.run({ entities: undefined })).rejects.toMatchObject(missing('entities'));
    await expect(rescan.run({ dryRun: undefined })).rejects.toMatchObject(missing('dryRun'));
    await expect(log.read({ groups: undefined }).next()).rejects.toMatchObject(missing('groups'));
    expect((await log.read({ after: undefined, limit: undefined }).next()).value).toMatchObject({
      key: 'one_1',
    });
    expect(() => log.stream({ groups: undefined })).toThrow(InvalidOptionError);
    expect((await deliveries.list({}, { after: undefined })).items).toHaveLength(4);
    expect(await deliveries.counts()).toMatchObject({ pending: 4, cancelled: 0 });
  });

  it('counts all open deliveries by one statement, so that one which is claimed meanwhile is not in none of them', async () => {
    const statements = new Statements();
    await start(undefined, {}, db.options({ logging: true, logger: statements }));
    await append('one_1', 'one_2');
    statements.all.length = 0;
    expect(await application.deliveries.counts()).toMatchObject({ pending: 4, running: 0, dead: 0 });
    expect(statements.matching(/FROM \S*once_delivery\W/)).toHaveLength(1);
  });

  it('retries and cancels every delivery only when it is told so, and by nothing beside that', async () => {
    const { deliveries } = await start();
    await append('one_1');
    for (const filter of [
      undefined,
      null,
      {},
      { all: false },
      { all: undefined },
      { all: true, key: 'one_1' },
    ]) {
      await expect(deliveries.cancel(filter as never)).rejects.toThrow(InvalidOptionError);
      await expect(deliveries.retry(filter as never)).rejects.toThrow(/\{ all: true \}/);
    }
    expect(await deliveries.cancel({ key: [] })).toBe(0);
    expect(await deliveries.cancel({ all: true })).toBe(2);
    expect(await deliveries.retry({ all: true })).toBe(2);
  });

  it('refuses a handler that nobody has, and says which there are', async () => {
    const { deliveries } = await start();
    const unknown = 'There is no handler "Won". Known handlers: One, Both.';
    await expect(deliveries.list({ handler: 'Won' })).rejects.toThrow(unknown);
    await expect(deliveries.counts({ handler: ['One', 'Won'] })).rejects.toThrow(unknown);
    await expect(deliveries.retry({ handler: 'Won' })).rejects.toThrow(unknown);
    await expect(deliveries.cancel({ handler: 'Won' })).rejects.toThrow(unknown);
  });

  it('refuses values that no database takes with an error of its own', async () => {
    const { deliveries, log } = await start();
    for (const after of ['99999999999999999999.1', '1.99999999999', ['1.1'], 7, null])
      await expect(deliveries.list({}, { after: after as never })).rejects.toThrow(InvalidOptionError);
    for (const key of ['a\0', ['a', undefined], 5, null])
      await expect(deliveries.cancel({ key: key as never })).rejects.toThrow(InvalidOptionError);
    for (const status of [5, null, ['dead', undefined]])
      await expect(deliveries.counts({ status: status as never })).rejects.toThrow(InvalidOptionError);
    for (const after of [new Date(NaN), '2026-01-01', 0, null])
      await expect(deliveries.retry({ after: after as never })).rejects.toThrow(InvalidOptionError);
    await expect(log.read({ groups: ['a\0'] }).next()).rejects.toThrow(InvalidOptionError);
  });

  it('finds deliveries by a former name of their handler', async () => {
    const database = db.options();
    await start(undefined, {}, database);
    await append('one_1');
    const renamed = await startApplication({
      database: await database,
      synchronize: false,
      providers: [scriptedHandler('Renamed', () => undefined, { pattern: 'one', formerly: ['One'] })],
    });
    applications.push(renamed);
    expect(await renamed.deliveries.counts({ handler: 'One' })).toMatchObject({ pending: 1 });
    expect(await renamed.deliveries.cancel({ handler: ['Renamed'] })).toBe(1);
  });

  it('changes many in transactions of a thousand, says how far it is, and ends when it is asked to', async () => {
    const database = db.options();
    const { deliveries, dataSource } = await start(undefined, {}, database);
    await application.log.append(
      Array.from({ length: 1500 }, (_, id) => ({ group: 'one', key: `one_${id}` })),
    );
    const seen: number[] = [];
    const onProgress = ({ changed }: { changed: number }) => seen.push(changed);
    const stopped = AbortSignal.abort();
    expect(await deliveries.cancel({ handler: 'Both' }, { signal: stopped, onProgress })).toBe(1000);
    expect(await deliveries.counts()).toMatchObject({ cancelled: 1000, pending: 2000 });
    expect(await deliveries.cancel({ all: true }, { onProgress })).toBe(2000);
    expect(await deliveries.counts()).toMatchObject({ cancelled: 3000, pending: 0 });
    expect(await deliveries.retry({ status: 'cancelled' }, { signal: stopped, onProgress })).toBe(1000);
    const failing = () => {
      throw new Error('a callback');
    };
    expect(await deliveries.retry({ all: true }, { onProgress: failing })).toBe(2000);
    await dataSource.query(
      'UPDATE once_delivery SET state = 2, order_key = NULL, failed_at = 1, attempts = 3',
    );
    expect(await deliveries.retry({ status: 'dead', group: ['none'] })).toBe(0);
    expect(await deliveries.retry({ status: 'dead', handler: 'One' }, { onProgress })).toBe(1500);
    expect(await deliveries.retry({ all: true })).toBe(1500);
    expect(seen).toEqual([1000, 1000, 1500, 2000, 1000, 1000, 1500]);
    expect(await deliveries.counts()).toMatchObject({ pending: 3000, dead: 0, cancelled: 0 });
    const { items } = await deliveries.list({ handler: 'One' }, { limit: 1 });
    expect(items).toMatchObject([{ attempts: 0, status: 'pending' }]);
  });

  it('counts exactly up to a limit, and says where there are more', async () => {
    const { deliveries, dataSource } = await start();
    await append('one_1', 'two_1');
    const [{ last }] = await dataSource.query('SELECT max(position) AS last FROM once_event');
    const fill = async (table: string, columns: string, values: string, count: number, from: number) => {
      const ids = Array.from({ length: count }, (_, index) => Number(last) + from + index);
      for (let start = 0; start < count; start += 500) {
        const rows = ids.slice(start, start + 500).map((id) => `(1, ${id}, ${values})`);
        await dataSource.query(
          `INSERT INTO ${table} (handler_id, position, ${columns}) VALUES ${rows.join(', ')}`,
        );
      }
    };
    await fill('once_delivery', 'state, due_at', '2, 0', 10_000, 1);
    await fill('once_delivery_finished', 'state, attempts, finished_at', '3, 1, 0', 10_001, 20_000);
    expect(await deliveries.counts()).toEqual({
      pending: 3,
      running: 0,
      dead: 10_000,
      succeeded: { count: 10_000, atLeast: true },
      cancelled: 0,
    });
    expect(await deliveries.counts({ handler: 'Both' })).toMatchObject({ pending: 2 });
    expect(await deliveries.counts({ handler: 'One', status: 'succeeded' })).toMatchObject({
      succeeded: { count: 10_000, atLeast: true },
      dead: 0,
    });
    expect(await deliveries.counts({ group: 'two' })).toMatchObject({
      pending: 1,
      dead: 0,
      succeeded: { count: 0, atLeast: true },
    });
    expect(await deliveries.counts({ key: ['one_1', 'one_1'] })).toMatchObject({ pending: 2, succeeded: 0 });
    expect(await deliveries.counts({ after: new Date('2100-01-01T00:00:00Z') })).toMatchObject({
      pending: 0,
    });
  });

  it('retries what is dead, with all its attempts', async () => {
    let broken = true;
    const { app, deliveries } = await start(() => {
      if (broken) throw new Error('broken');
    });
    await append('one_1', 'one_2');
    await expect(drain(app)).rejects.toThrow('4 deliveries died');
    broken = false;
    expect(await deliveries.retry({ status: 'dead', handler: 'One', key: 'one_1' })).toBe(1);
    await drain(app);
    expect(await deliveries.counts()).toMatchObject({ succeeded: 1, dead: 3 });
    expect(await deliveries.retry({ all: true })).toBe(3);
    await drain(app);
    expect(await deliveries.counts()).toMatchObject({ succeeded: 4, dead: 0 });
    expect(await deliveries.retry({ all: true })).toBe(0);
  });

  it('cancels what is pending or dead, for ever or until it is retried', async () => {
    const seen: string[] = [];
    const { app, deliveries } = await start((event) => seen.push(event.key));
    await append('one_1', 'two_1');
    expect(await deliveries.cancel({ handler: 'Both' })).toBe(2);
    await drain(app);
    expect(seen).toEqual(['one_1']);
    expect(await deliveries.counts()).toMatchObject({ cancelled: 2, succeeded: 1, pending: 0 });
    expect(await deliveries.retry({ key: 'two_1' })).toBe(1);
    await drain(app);
    expect(seen).toEqual(['one_1', 'two_1']);
  });

  it.each(['this', 'another'])(
    'tells a running handler of %s process that it was cancelled',
    async (where) => {
      const database = db.options();
      const running = deferred();
      const reason = deferred<Error>();
      const script: Script = async (_, { signal }) => {
        running.resolve();
        reason.resolve(await aborted(signal));
        throw signal.reason;
      };
      const { app, deliveries } = await start(
        script,
        { dispatch: 'background', worker: { pollInterval: 20 } },
        database,
      );
      await append('two_1');
      await running.promise;
      const asked =
        where === 'this'
          ? deliveries
          : await startApplication({ database: await database, synchronize: false });
      if ('app' in asked) applications.push(asked);
      expect(await ('app' in asked ? asked.deliveries : asked).cancel({ key: 'two_1' })).toBe(1);
      expect(await reason.promise).toMatchObject({ code: 'DELIVERY_CANCELLED' });
      await drain(app);
      expect(await deliveries.counts()).toMatchObject({ cancelled: 1, pending: 0, dead: 0 });
    },
  );

  it('gives a new handler the old events on request, each once', async () => {
    const database = db.options();
    const before = await startApplication({ database: await database });
    await before.log.append([1, 2, 3].map((id) => ({ group: 'one', key: `one_${id}` })));
    await before.close();
    const seen: string[] = [];
    const { app, deliveries, log } = await start(
      (event, { handler }) => handler === 'One' && seen.push(event.key),
      {},
      database,
    );
    await drain(app);
    expect(seen).toEqual([]);
    const second = (await log.get('one_2'))!.position;
    expect(await deliveries.backfill('One', { from: second })).toBe(2);
    await drain(app);
    expect(seen.sort()).toEqual(['one_2', 'one_3']);
    expect(await deliveries.backfill('One')).toBe(1);
    expect(await deliveries.backfill('One')).toBe(0);
    await drain(app);
    expect(seen.sort()).toEqual(['one_1', 'one_2', 'one_3']);
  });

  it('gives a retired handler nothing until it returns, and then what it missed', async () => {
    const database = db.options();
    const first = await start(undefined, {}, database);
    await first.deliveries.retire('One');
    await append('one_1');
    await drain(first.app);
    expect(await first.deliveries.counts({ handler: 'One' })).toMatchObject({ pending: 0, succeeded: 0 });
    await first.close();
    const seen: string[] = [];
    const { app } = await start(
      (event, { handler }) => handler === 'One' && seen.push(event.key),
      {},
      database,
    );
    await drain(app);
    expect(seen).toEqual(['one_1']);
  });
});
