import { AsyncLocalStorage } from 'node:async_hooks';
import type { Provider } from '@nestjs/common';
import { EventLog, type EventSourcingOptions, type RecordedEvent } from 'nestjs-once';
import { drain } from 'nestjs-once/testing';
import { startApplication, type TestApplication } from '../../support/application.js';
import { describeEachDatabase, type ExtraOptions } from '../../support/databases.js';
import { deferred } from '../../support/deferred.js';
import { scriptedHandler } from '../../support/scripted-handler.js';

describeEachDatabase('dispatch', (db) => {
  let application: TestApplication;

  const start = async (
    dispatch: EventSourcingOptions['dispatch'],
    providers: Provider[],
    extra: ExtraOptions = {},
  ) => {
    application = await startApplication({
      database: await db.options(extra),
      providers,
      options: { dispatch, retry: { interval: 0 } },
    });
    return application;
  };
  const log = (): EventLog => application.log;

  afterEach(() => application?.close());

  it("'none' only records", async () => {
    const seen: string[] = [];
    const { deliveries } = await start('none', [scriptedHandler('One', (event) => seen.push(event.key))]);
    await log().append({ group: 'a', key: 'a' });
    expect(await deliveries.counts()).toMatchObject({ pending: 1 });
    expect(seen).toEqual([]);
  });

  // The longest that it polls is far more than the test takes.
  it("'background' wakes up by itself after a commit", async () => {
    const seen = deferred<RecordedEvent>();
    application = await startApplication({
      database: await db.options(),
      providers: [scriptedHandler('One', (event) => seen.resolve(event))],
      options: { dispatch: 'background', worker: { pollInterval: '1h' } },
    });
    await application.dataSource.transaction((manager) =>
      log().append({ group: 'a', key: 'a' }, { manager }),
    );
    expect((await seen.promise).key).toBe('a');
  });

  it('handles what was recorded before its handlers were found, where the database knew them from before', async () => {
    const seen = deferred<RecordedEvent>();
    const providers = [scriptedHandler('One', (event) => seen.resolve(event))];
    const options: EventSourcingOptions = { dispatch: 'background', worker: { pollInterval: '1h' } };
    const database = await db.options();
    await (await startApplication({ database, providers, options })).close();
    const early = {
      provide: 'early',
      inject: [EventLog],
      useFactory: (eventLog: EventLog) => eventLog.append({ group: 'a', key: 'a' }),
    };
    application = await startApplication({
      database,
      providers: [...providers, early],
      options,
      synchronize: false,
    });
    expect((await seen.promise).key).toBe('a');
  });

  describe("'inline'", () => {
    it('resolves after the handlers, and what they emitted, had one attempt; nothing rejects', async () => {
      const order: string[] = [];
      const { deliveries } = await start('inline', [
        scriptedHandler(
          'First',
          async () => {
            order.push('First starts');
            await log().append({ group: 'second', key: 'second' });
            order.push('First ends');
            throw new Error('fails after it emitted');
          },
          { pattern: 'first' },
        ),
        scriptedHandler(
          'Second',
          async (_, { manager }) => {
            order.push('Second');
            await log().append({ group: 'third', key: 'third' }, { manager });
          },
          { pattern: 'second', transactional: true },
        ),
        scriptedHandler(
          'Third',
          () => {
            order.push('Third');
            throw new Error('fails');
          },
          { pattern: 'third', transactional: true },
        ),
      ]);
      await log().append({ group: 'first', key: 'first' });
      expect(order).toEqual(['First starts', 'Second', 'Third', 'First ends']);
      expect(await deliveries.counts()).toMatchObject({ succeeded: 1, pending: 2, running: 0 });
    });

    it('waits for the outermost commit, with one connection too', async () => {
      const seen: string[] = [];
      const { dataSource } = await start(
        'inline',
        [
          scriptedHandler('Plain', async (event, { manager }) => {
            await manager.query('SELECT 1');
            seen.push(event.key);
          }),
          scriptedHandler(
            'Transactional',
            async (event, { manager }) => {
              await manager.query('SELECT 1');
              seen.push(event.key);
            },
            { transactional: true },
          ),
        ],
        { poolSize: 1 },
      );
      await dataSource.transaction(async (outer) => {
        await outer.transaction((manager) => log().append({ group: 'a', key: 'kept' }, { manager }));
        await outer
          .transaction(async (manager) => {
            await log().append({ group: 'a', key: 'gone' }, { manager });
            throw new Error('roll back to the savepoint');
          })
          .catch(() => undefined);
        expect(seen).toEqual([]);
      });
      expect(seen).toEqual(['kept', 'kept']);
    });

    it('runs when a query runner of the application is released', async () => {
      const seen: string[] = [];
      const { dataSource } = await start(
        'inline',
        [scriptedHandler('One', (event) => seen.push(event.key))],
        { poolSize: 2 },
      );
      const runner = dataSource.createQueryRunner();
      for (const key of ['one', 'two']) {
        await runner.startTransaction();
        await log().append({ group: 'a', key }, { manager: runner.manager });
        await runner.commitTransaction();
      }
      expect(seen).toEqual([]);
      await runner.release();
      expect(seen.sort()).toEqual(['one', 'two']);
    });
  });

  it.each(['inline', 'background'] as const)(
    'keeps the context of the request out of handlers (%s)',
    async (dispatch) => {
      const request = new AsyncLocalStorage<string>();
      const seen = deferred<string | undefined>();
      const { app } = await start(dispatch, [scriptedHandler('One', () => seen.resolve(request.getStore()))]);
      await request.run('somebody', () => log().append({ group: 'a', key: 'a' }));
      await drain(app);
      expect(await seen.promise).toBeUndefined();
    },
  );

  it.each(['inline', 'none'] as const)(
    'hands on the correlation and names the cause (%s)',
    async (dispatch) => {
      const { app } = await start(dispatch, [
        scriptedHandler('First', () => log().append({ group: 'second', key: 'second' }), {
          pattern: 'first',
        }),
        scriptedHandler(
          'Second',
          (_, { manager }) => log().append({ group: 'third', key: 'third' }, { manager }),
          {
            pattern: 'second',
            transactional: true,
          },
        ),
      ]);
      await log().append({ group: 'first', key: 'first', metadata: { correlationId: 'request 17' } });
      await drain(app);
      expect((await log().get('second'))!.metadata).toMatchObject({
        correlationId: 'request 17',
        causationId: 'first',
      });
      expect((await log().get('third'))!.metadata).toMatchObject({
        correlationId: 'request 17',
        causationId: 'second',
      });
      await log().append({ group: 'other', key: 'other' });
      expect((await log().get('other'))!.metadata).toEqual({ correlationId: 'other', source: 'append' });
    },
  );
});
