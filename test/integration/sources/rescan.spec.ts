import { NoAnswerError } from '../../../lib/runtime/deadline.js';
import type { DataSource } from 'typeorm';
import { In, MoreThan } from 'typeorm';
import { event } from '../../../lib/core/event-input.js';
import type { RescanProgressEvent } from '../../../lib/sources/rescan/rescan-report.js';
import type { SourceContext } from '../../../lib/sources/source-context.js';
import { describeEachDatabase } from '../../support/databases.js';
import { Challenge, Content, Dog, Animal, Cat, Moment, Owner, Photo, Reading, Video } from './entities.js';
import { SourceBench } from './source-bench.js';

const found = (row: { id: number | string }) => [event('found', row.id)];

describeEachDatabase('Re-scan', (db) => {
  let bench: SourceBench;
  let dataSource: DataSource;

  beforeAll(async () => {
    bench = await SourceBench.open(db);
    dataSource = bench.dataSource;
  });
  afterAll(() => dataSource.destroy());
  beforeEach(async () => {
    for (const entity of [Challenge, Owner, Content, Dog, Cat, Reading, Moment]) {
      await dataSource.createQueryBuilder().delete().from(entity).execute();
    }
    bench.reset();
  });

  const insertDogs = (count: number) =>
    dataSource.manager.insert(
      Dog,
      Array.from({ length: count }, (_, index) => ({ name: `dog ${index}` })),
    );
  const ids = (rows: { entity: Record<string, unknown> }[]) => rows.map(({ entity }) => entity.id);

  describe('pages', () => {
    it.each([1, 2, 5, 7, 100])(
      'of %i rows over integer keys: every row once, in order',
      async (batchSize) => {
        await insertDogs(7);
        const seen = bench.source(Dog, { rescan: { batchSize } }, found);
        const report = await bench.rescan().run();
        expect(report.scans).toMatchObject([
          { source: 'source 0', entity: 'Dog', rows: 7, events: 7, recorded: 7, failed: 0 },
        ]);
        expect(ids(seen)).toEqual(
          (await dataSource.manager.find(Dog, { order: { id: 'ASC' } })).map(({ id }) => id),
        );
        expect(seen.every(({ reason, changed }) => reason === 'rescan' && changed === undefined)).toBe(true);
      },
    );

    it('over uuid keys', async () => {
      const titles = Array.from({ length: 23 }, (_, index) => ({ title: `${index}` }));
      await dataSource.manager.save(dataSource.manager.create(Photo, titles));
      const seen = bench.source(Photo, {}, found);
      await bench.rescan(5).run();
      expect(new Set(ids(seen)).size).toBe(23);
      expect(seen).toHaveLength(23);
    });

    it('over composite keys', async () => {
      const readings = ['a', 'B', 'c c', 'ü'].flatMap((sensor) =>
        [1, 2, 10].map((sequence) => ({ sensor, sequence, value: 1 })),
      );
      await dataSource.manager.insert(Reading, readings);
      const seen = bench.source(Reading);
      await bench.rescan(2).run();
      const keys = seen.map(({ entity }) => `${String(entity.sensor)}|${String(entity.sequence)}`);
      expect(keys.toSorted()).toEqual(
        readings.map(({ sensor, sequence }) => `${sensor}|${sequence}`).toSorted(),
      );
    });

    it('over times as keys, of one millisecond too', async () => {
      const table = dataSource.getMetadata(Moment).tableName;
      for (const fraction of ['123', '123001', '123002', '124']) {
        await dataSource.query(
          `INSERT INTO ${table} VALUES ('2026-01-01 00:00:00.${fraction}', '${fraction}')`,
        );
      }
      const seen = bench.source(Moment);
      await bench.rescan(1).run();
      expect(seen.map(({ entity }) => entity.label)).toEqual(['123', '123001', '123002', '124']);
    });

    it('with rows inserted meanwhile: each at most once, the later ones too', async () => {
      await insertDogs(4);
      const seen = bench.source(Dog, {}, async function* (dog: Dog, { manager }: SourceContext) {
        if (dog.name === 'dog 1') await manager.insert(Dog, { name: 'late' });
        yield event('found', dog.id);
      });
      await bench.rescan(2).run();
      expect(seen.map(({ entity }) => entity.name)).toEqual(['dog 0', 'dog 1', 'dog 2', 'dog 3', 'late']);
    });

    it('that relations to many do not shorten, nor lengthen', async () => {
      for (const name of ['a', 'b', 'c']) {
        const owned = [1, 2, 3].map((index) => ({ slug: `${name}${index}` }));
        await dataSource.manager.save(dataSource.manager.create(Owner, { name, challenges: owned }));
      }
      const where = { challenges: { slug: In(['a1', 'a2', 'b1', 'c1', 'c2']) } };
      const seen = bench.source(Owner, { rescan: { where, relations: { challenges: true } } });
      await bench.rescan(2).run();
      expect(seen.map(({ entity }) => [entity.name, (entity.challenges as unknown[]).length])).toEqual([
        ['a', 2],
        ['b', 1],
        ['c', 2],
      ]);
    });
  });

  it('records what is new, with one look-up per page', async () => {
    await insertDogs(6);
    bench.source(Dog, {}, found);
    await bench.rescan(3).run();
    await insertDogs(1);
    bench.recorder.calls.length = 0;
    expect((await bench.rescan(3).run()).totals).toMatchObject({ rows: 7, events: 7, recorded: 1 });
    const methods = bench.recorder.calls.map(({ method, size }) => `${method} ${size}`);
    expect(methods).toEqual(['unknownKeys 3', 'unknownKeys 3', 'unknownKeys 1', 'recordYielding 1']);
  });

  it('lets the event loop have its turn while sources work without waiting', async () => {
    await insertDogs(40);
    const order: unknown[] = [];
    bench.source(Dog, {}, ({ name }: Dog) => {
      if (order.push(name) === 1) setImmediate(() => order.push('turn'));
      for (const start = performance.now(); performance.now() - start < 1;);
    });
    await bench.rescan().run();
    expect(order.indexOf('turn')).toBeGreaterThan(0);
    expect(order.indexOf('turn')).toBeLessThan(20);
  });

  it('honours where and passes over soft-removed rows', async () => {
    const rows = dataSource.manager.create(Challenge, [
      { slug: 'a' },
      { slug: 'b', version: 1 },
      { slug: 'c' },
    ]);
    const [, , third] = await dataSource.manager.save(rows);
    await dataSource.manager.softRemove(third!);
    const all = bench.source(Challenge);
    const some = bench.source(Challenge, { rescan: { where: { slug: MoreThan('a') } } });
    await bench.rescan().run();
    expect(all.map(({ entity }) => entity.slug)).toEqual(['a', 'b']);
    expect(some.map(({ entity }) => entity.slug)).toEqual(['b']);
  });

  it('leaves out sources that are on neither insert nor update, or say rescan: false', async () => {
    await insertDogs(1);
    const seen = [bench.source(Dog, { on: ['remove'] }), bench.source(Dog, { rescan: false })];
    expect((await bench.rescan().run()).scans).toEqual([]);
    expect(seen).toEqual([[], []]);
  });

  it('scans every class of a hierarchy by itself', async () => {
    const { manager } = dataSource;
    await manager.save([
      manager.create(Content, { title: 'c' }),
      manager.create(Photo, { title: 'p' }),
      manager.create(Video, { title: 'v' }),
    ]);
    await manager.save([manager.create(Dog, { name: 'd' }), manager.create(Cat, { name: 'c' })]);
    const contents = bench.source(Content);
    const animals = bench.source(Animal);
    const { scans } = await bench.rescan().run();
    expect(scans.map(({ entity, rows }) => [entity, rows]).toSorted()).toEqual([
      ['Cat', 1],
      ['Content', 1],
      ['Dog', 1],
      ['Photo', 1],
      ['Video', 1],
    ]);
    expect(new Set(contents.map(({ entity }) => entity.constructor))).toEqual(
      new Set([Content, Photo, Video]),
    );
    expect(animals).toHaveLength(2);
  });

  it('of some entities only', async () => {
    bench.source(Animal);
    bench.source(Owner);
    const scanned = async (entities: (typeof Dog | string)[]) =>
      (await bench.rescan().run({ entities })).scans.map(({ entity }) => entity);
    expect(await scanned([Dog])).toEqual(['Dog']);
    expect(await scanned(['Owner'])).toEqual(['Owner']);
    await expect(scanned(['Nothing'])).rejects.toMatchObject({ code: 'UNKNOWN_ENTITY' });
  });

  it('asks a where that is a function once in each run, and tells it the time', async () => {
    await insertDogs(5);
    const [first] = await dataSource.manager.find(Dog, { order: { id: 'ASC' } });
    const times: Date[] = [];
    let above = first!.id;
    const where = ({ now }: { now: Date }) => {
      times.push(now);
      return { id: MoreThan(above) };
    };
    const seen = bench.source(Dog, { rescan: { where, batchSize: 2 } }, found);
    await bench.rescan().run();
    expect([seen.length, times.length]).toEqual([4, 1]);
    expect(times[0]).toBeInstanceOf(Date);
    above += 2;
    await bench.rescan().run();
    expect([seen.length, times.length]).toEqual([6, 2]);
  });

  it('passes over a source whose where throws, and says so', async () => {
    await insertDogs(1);
    bench.source(Dog, {
      name: 'Broken',
      rescan: {
        where: () => {
          throw new Error('no where');
        },
      },
    });
    const seen = bench.source(Dog, {}, found);
    const report = bench.rescan().run();
    await report.catch(() => undefined);
    expect(seen).toHaveLength(1);
  });

  it('goes on where it was aborted', async () => {
    await insertDogs(5);
    const seen = bench.source(Dog, {}, found);
    const abort = new AbortController();
    const pages: RescanProgressEvent[] = [];
    const onProgress = (progress: RescanProgressEvent) => {
      if (pages.push(progress) === 1) abort.abort();
    };
    const first = await bench.rescan(2).run({ signal: abort.signal, onProgress });
    expect(first).toMatchObject({
      interrupted: true,
      scans: [{ rows: 2, interrupted: true, resumed: false }],
    });
    expect(pages).toMatchObject([
      { source: 'source 0', entity: 'Dog', rows: 2, total: 5, events: 2, recorded: 2 },
    ]);
    const second = await bench.rescan(2).run();
    expect(second).toMatchObject({
      interrupted: false,
      scans: [{ rows: 3, interrupted: false, resumed: true }],
    });
    expect(seen.map(({ entity }) => entity.name)).toEqual(['dog 0', 'dog 1', 'dog 2', 'dog 3', 'dog 4']);
    expect(await bench.rescan(2).run()).toMatchObject({ scans: [{ rows: 5, resumed: false }] });
  });

  it('starts anew when the interruption is a day old', async () => {
    await insertDogs(3);
    bench.source(Dog, {}, found);
    const abort = new AbortController();
    await bench.rescan(1).run({ signal: abort.signal, onProgress: () => abort.abort() });
    const [scan, progress] = [...bench.state.scans][0]!;
    bench.state.scans.set(scan, {
      ...progress,
      startedAgo: 25 * 3_600_000,
    });
    expect(await bench.rescan(1).run()).toMatchObject({ scans: [{ rows: 3, resumed: false }] });
  });

  it('a failing row stops neither the others nor the other sources', async () => {
    await insertDogs(4);
    bench.source(Dog, { name: 'Fragile' }, (dog: Dog) => {
      if (dog.name === 'dog 1') throw new Error('cannot bark');
      return found(dog);
    });
    bench.source(Dog, { name: 'Broken', rescan: { where: { nothing: 1 } as never } });
    bench.source(Dog, { name: 'Sound' });
    const { scans, totals } = await bench.rescan(2).run();
    expect(scans).toMatchObject([
      {
        source: 'Fragile',
        rows: 4,
        recorded: 3,
        failed: 1,
        errors: [{ reason: 'source', id: expect.any(Number) }],
      },
      { source: 'Broken', rows: 0, failed: 1, interrupted: true, errors: [{ reason: 'scan' }] },
      { source: 'Sound', rows: 4, failed: 0 },
    ]);
    expect(scans[0]!.errors[0]!.message).toContain('cannot bark');
    expect(totals.failed).toBe(2);
    expect(bench.logger.of('error')).toHaveLength(2);
  });

  it('a database without an answer is blamed on no row: the scan is interrupted, and the next one goes on', async () => {
    await insertDogs(3);
    bench.source(Dog, {}, found);
    bench.recorder.failure = new NoAnswerError(10);
    const { scans } = await bench.rescan().run();
    expect(scans).toMatchObject([
      { recorded: 0, failed: 1, interrupted: true, errors: [{ reason: 'scan' }] },
    ]);
    expect((await bench.rescan().run()).scans).toMatchObject([{ recorded: 3, failed: 0 }]);
  });

  it('an event that cannot be recorded keeps no other out; one that stays busy is counted', async () => {
    await insertDogs(4);
    const keys = (await dataSource.manager.find(Dog, { order: { id: 'ASC' } })).map(
      ({ id }) => `found_${id}`,
    );
    bench.source(Dog, {}, found);
    bench.recorder.invalid.add(keys[0]!);
    bench.recorder.held.set(keys[1]!, 2).set(keys[2]!, 1000);
    const { scans } = await bench.rescan().run();
    expect(scans).toMatchObject([{ events: 4, recorded: 2, failed: 2 }]);
    expect(scans[0]!.errors).toMatchObject([
      { reason: 'record', key: keys[0] },
      { reason: 'busy', key: keys[2] },
    ]);
  });

  it('a dry run says what would be recorded, writes nothing and needs no lease', async () => {
    await insertDogs(3);
    bench.source(Dog, {}, found);
    bench.state.isHeld = true;
    bench.queries.length = 0;
    const report = await bench.rescan(2).run({ dryRun: true });
    expect(report).toMatchObject({ dryRun: true, scans: [{ rows: 3, events: 3, recorded: 3 }] });
    expect(bench.recorder.recorded).toEqual([]);
    expect(bench.recorder.calls.some(({ method }) => method !== 'unknownKeys')).toBe(false);
    expect(bench.state.scans.size).toBe(0);
    expect(bench.queries.filter((query) => !query.startsWith('SELECT'))).toEqual([]);
  });

  describe('one at a time', () => {
    it('is refused while another holds the lease', async () => {
      bench.state.isHeld = true;
      await expect(bench.rescan().run()).rejects.toMatchObject({ code: 'RESCAN_IN_PROGRESS' });
    });

    it('a re-scan stops when its lease is lost', async () => {
      await insertDogs(3);
      bench.source(Dog, {}, found);
      const run = bench.rescan(1).run({ onProgress: () => (bench.state.isLost = true) });
      await expect(run).rejects.toMatchObject({ code: 'RESCAN_LEASE_LOST' });
    });

    it('a re-scan stops when another one has moved its cursor', async () => {
      await insertDogs(3);
      const other = new AbortController();
      const moved = () => bench.state.scans.forEach((progress) => (progress.cursor = '["elsewhere"]'));
      bench.source(Dog, {}, found);
      const run = bench.rescan(1).run({ signal: other.signal, onProgress: () => (moved(), other.abort()) });
      await expect(run).rejects.toMatchObject({ code: 'RESCAN_LEASE_LOST' });
    });
  });

  describe('on request', () => {
    it('scans what bulk writes asked for, from the first row, and answers the request', async () => {
      await insertDogs(2);
      const dogs = bench.source(Dog, {}, found);
      const owners = bench.source(Owner);
      expect(await bench.rescan().runRequested()).toBeUndefined();
      await dataSource.manager.insert(Dog, { name: 'bulk' });
      expect(await bench.rescan(2).runRequested()).toMatchObject({ scans: [{ entity: 'Dog', rows: 3 }] });
      expect([dogs.length, owners.length, bench.state.requested.length]).toEqual([3, 0, 0]);
    });

    it('at most every five minutes per entity', async () => {
      bench.source(Dog, {}, found);
      await insertDogs(1);
      await bench.rescan().runRequested();
      await insertDogs(1);
      expect(await bench.rescan().runRequested()).toBeUndefined();
      expect(await bench.rescan().runRequested({ ignoreThrottle: true })).toMatchObject({
        scans: [{ rows: 2 }],
      });
      await insertDogs(1);
      bench.state.started.set('Dog', 301_000);
      expect(await bench.rescan().runRequested()).toMatchObject({ scans: [{ rows: 3 }] });
    });

    it('an interrupted scan answers nothing; a full run answers too', async () => {
      bench.source(Dog, {}, found);
      await insertDogs(3);
      const abort = new AbortController();
      abort.abort();
      await bench.rescan(1).runRequested({ signal: abort.signal });
      expect(bench.state.requested).toHaveLength(1);
      await bench.rescan(1).run();
      expect(bench.state.requested).toEqual([]);
    });
  });
});
