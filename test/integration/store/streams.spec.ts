import { ConcurrencyError, EventSourcingError } from 'nestjs-once';
import type { EntityManager } from 'typeorm';
import { InvalidEventError } from '../../../lib/core/errors.js';
import { streamKey } from '../../../lib/core/event-input.js';
import type { Emission } from '../../../lib/store/log/event-recorder.js';
import { describeEachDatabase } from '../../support/databases.js';
import { deferred } from '../../support/deferred.js';
import { LogProcess } from './log-process.js';

describeEachDatabase('events of streams', (db) => {
  let process: LogProcess;
  let other: LogProcess;

  beforeEach(async () => {
    const address = await db.create();
    process = await LogProcess.start(address);
    other = await LogProcess.start(address);
  });
  afterEach(() => Promise.all([process, other].map((each) => each.stop())));

  const emission = (name: string, version: number, more: Partial<Emission> = {}): Emission => {
    const stream = { name, version };
    const input = { group: 'app.Changed', key: streamKey(stream), data: { version } };
    return { input, source: 'Aggregates.save', stream, ...more };
  };

  const plain = (key: string): Emission => ({ input: { group: 'app.Plain', key }, source: 'append' });

  const record = (emissions: readonly Emission[], { database, store } = process) =>
    database.run((sql) => store.record(emissions, sql.runner));

  const recordIn = (manager: EntityManager, emissions: readonly Emission[]) =>
    process.store.record(emissions, manager.queryRunner!);

  const failureOf = (attempt: Promise<unknown>): Promise<unknown> =>
    attempt.then(
      () => undefined,
      (error: unknown) => error,
    );

  const rows = (table: string) => process.database.run((sql) => sql.rows(`SELECT * FROM ${table}`));

  it('have stream, version and tags in their rows', async () => {
    const { tables } = process.database;
    await record([emission('account 17', 1, { tags: ['account:17', 'country:de', 'account:17'] })]);
    const [row] = await rows(tables.event);
    expect([row!.stream, Number(row!.stream_version)]).toEqual(['account 17', 1]);
    expect((await rows(tables.tag)).map(({ tag }) => tag)).toEqual(['account:17', 'country:de']);
  });

  it('fail the append with a typed error where one of their versions is taken', async () => {
    await record([emission('a', 1), emission('a', 2)]);
    const error = await failureOf(record([emission('a', 2), emission('a', 3)], other));
    expect(error).toBeInstanceOf(ConcurrencyError);
    expect(error).toBeInstanceOf(EventSourcingError);
    expect(error).toMatchObject({ code: 'CONCURRENCY', stream: 'a', expected: 1, actual: 2 });
    expect((error as Error).message).toMatch(
      /^The stream "a" has been changed meanwhile: expected it to be at version 1, but it is at version 2\. Nothing/,
    );
    expect(await rows(process.database.tables.event)).toHaveLength(2);
  });

  it('leave nothing half-written when they fail, and the transaction usable', async () => {
    const { dataSource, tables } = process.database;
    await record([emission('a', 1)]);
    await dataSource.transaction(async (manager) => {
      await recordIn(manager, [plain('before')]);
      for (const emissions of [[emission('a', 1)], [plain('beside'), emission('b', 1), emission('a', 1)]]) {
        await expect(recordIn(manager, emissions)).rejects.toThrow(ConcurrencyError);
      }
      await recordIn(manager, [emission('a', 2), emission('b', 1), plain('after')]);
    });
    const keys = (await rows(tables.event)).map(({ event_key }) => event_key);
    expect(keys.toSorted()).toEqual(['after', 'before', 'stream:a:1', 'stream:a:2', 'stream:b:1']);
    expect(process.appended).toHaveLength(5);
  });

  it('give each version to one of many writers', async () => {
    for (let version = 1; version <= 10; version++) {
      const attempts = [process, other, process, other].map((each) =>
        record([emission('race', version)], each),
      );
      const failed = (await Promise.all(attempts.map(failureOf))).filter(Boolean);
      expect(failed).toEqual(
        Array.from({ length: 3 }, () => expect.objectContaining({ expected: version - 1, actual: version })),
      );
      expect(failed.every((error) => error instanceof ConcurrencyError)).toBe(true);
    }
  });

  it('are recorded by the next writer when the one before has rolled back', async () => {
    const [held, done] = [deferred(), deferred()];
    const holding = process.database.dataSource.transaction(async (manager) => {
      await recordIn(manager, [emission('a', 1)]);
      held.resolve();
      await done.promise;
      throw new RangeError('rolls back');
    });
    await held.promise;
    const next = record([emission('a', 1)], other);
    done.resolve();
    await expect(holding).rejects.toThrow(RangeError);
    expect(await next).toMatchObject([{ recorded: true }]);
  });

  it('have keys that nobody else may give', async () => {
    const key = 'stream:a:1';
    for (const attempt of [
      () => process.log.append({ group: 'app.Changed', key }),
      () => record([{ ...plain(key), origin: { transport: 'kafka', source: 'topic' } }]),
      () => record([{ ...emission('b', 1), stream: { name: 'a', version: 1 } }]),
    ])
      await expect(attempt()).rejects.toThrow(InvalidEventError);
    expect(await rows(process.database.tables.event)).toEqual([]);
  });
});
