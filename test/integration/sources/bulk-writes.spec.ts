import type { EntityManager } from 'typeorm';
import type { BulkWritePolicy } from '../../../lib/sources/bulk-write.js';
import { describeEachDatabase } from '../../support/databases.js';
import { Category, Challenge, Owner } from './entities.js';
import { SourceBench } from './source-bench.js';

describeEachDatabase('Bulk writes', (db) => {
  let bench: SourceBench;
  let slugs = 0;

  beforeAll(async () => {
    bench = await SourceBench.open(db);
  });
  afterAll(() => bench.dataSource.destroy());

  const challenges = () => bench.dataSource.getRepository(Challenge);
  const slug = () => `slug-${++slugs}`;
  const stored = () => challenges().save(challenges().create({ slug: slug(), title: 'before' }));

  const writes: [name: string, write: (challenge: Challenge) => Promise<unknown>][] = [
    ['insert', () => challenges().insert({ slug: slug() })],
    ['insert of an instance', () => challenges().insert(challenges().create({ slug: slug() }) as object)],
    ['upsert', ({ slug }) => challenges().upsert({ slug, title: 'up' }, ['slug'])],
    [
      'insert or ignore',
      // On MySQL, TypeORM asks for the id of the row that was ignored, and fails without it.
      ({ slug }) =>
        challenges().createQueryBuilder().insert().values({ slug }).orIgnore().updateEntity(false).execute(),
    ],
    ['update', ({ id }) => challenges().update(id, { title: 'after' })],
    ['increment', ({ id }) => challenges().increment({ id }, 'counters.likes', 1)],
    [
      'update by query builder',
      ({ id }) => challenges().createQueryBuilder().update().set({ title: 'qb' }).where({ id }).execute(),
    ],
  ];

  describe.each(writes)('%s', (_, write) => {
    it("asks for a re-scan with 'rescan', and runs no source", async () => {
      const challenge = await stored();
      bench.reset('rescan');
      const seen = bench.source(Challenge);
      await write(challenge);
      expect(seen).toEqual([]);
      expect(bench.state.requested).toMatchObject([{ entity: 'Challenge', inTransaction: false }]);
    });

    it("asks for nothing with 'ignore'", async () => {
      const challenge = await stored();
      bench.reset('ignore');
      bench.source(Challenge);
      await write(challenge);
      expect(bench.state.requested).toEqual([]);
    });

    it("is refused with 'throw', before anything is written", async () => {
      const challenge = await stored();
      bench.reset('throw');
      bench.source(Challenge);
      const before = await challenges().find({ order: { id: 'ASC' } });
      await expect(write(challenge)).rejects.toMatchObject({
        code: 'BULK_WRITE',
        entity: 'Challenge',
        written: false,
      });
      expect(await challenges().find({ order: { id: 'ASC' } })).toEqual(before);
    });
  });

  describe("with 'throw', inside of a transaction", () => {
    const insert = (manager: EntityManager) => manager.insert(Challenge, { slug: slug() });
    const refusal = { code: 'BULK_WRITE', entity: 'Challenge', write: 'insert', inTransaction: true };
    const throwing = async () => {
      const before = await challenges().count();
      bench.reset('throw');
      bench.source(Challenge);
      return { unchanged: async () => expect(await challenges().count()).toBe(before), before };
    };

    const inserts: [string, (manager: EntityManager) => Promise<unknown>][] = [
      ['an insert', insert],
      ['an upsert', (manager) => manager.upsert(Challenge, { slug: slug(), title: 'up' }, ['slug'])],
      [
        'an insert or ignore',
        (manager) =>
          manager.createQueryBuilder().insert().into(Challenge).values({ slug: slug() }).orIgnore().execute(),
      ],
    ];

    it.each(inserts)('%s is refused when it is made, and the transaction fails with it', async (_, write) => {
      const { unchanged } = await throwing();
      const seen: unknown[] = [];
      const transaction = bench.dataSource.transaction(async (manager) => {
        await write(manager).catch((error: unknown) => {
          seen.push(error);
          throw error;
        });
      });
      await expect(transaction).rejects.toMatchObject({ ...refusal, written: true });
      await expect(transaction).rejects.toBe(seen[0]);
      await unchanged();
    });

    it.each(inserts)('%s whose refusal was swallowed fails the commit with that error', async (_, write) => {
      const { unchanged } = await throwing();
      const swallowed: unknown[] = [];
      const transaction = bench.dataSource.transaction(async (manager) => {
        await write(manager).catch((error: unknown) => swallowed.push(error));
        await manager.save(manager.create(Challenge, { slug: slug() }));
      });
      await expect(transaction).rejects.toMatchObject({ ...refusal, written: true });
      await expect(transaction).rejects.toBe(swallowed[0]);
      await unchanged();
    });

    it('an insert that a query builder makes in a transaction of its own is undone with it', async () => {
      const { unchanged } = await throwing();
      const write = challenges()
        .createQueryBuilder()
        .insert()
        .values({ slug: slug() })
        .useTransaction(true)
        .execute();
      await expect(write).rejects.toMatchObject({ ...refusal, written: true });
      await unchanged();
    });

    it('an insert undone by a rollback to a savepoint counts no more', async () => {
      const { before } = await throwing();
      await bench.dataSource.transaction(async (manager) => {
        await expect(manager.transaction(insert)).rejects.toMatchObject(refusal);
        await manager.save(manager.create(Challenge, { slug: slug() }));
      });
      expect(await challenges().count()).toBe(before + 1);
    });

    it('a savepoint is not released with a refused insert either', async () => {
      const { before } = await throwing();
      await bench.dataSource.transaction(async (manager) => {
        const swallowing = manager.transaction((inner) => insert(inner).catch(() => undefined));
        await expect(swallowing).rejects.toMatchObject(refusal);
        await manager.save(manager.create(Challenge, { slug: slug() }));
      });
      expect(await challenges().count()).toBe(before + 1);
    });

    it('a refused insert before a savepoint that is rolled back still counts', async () => {
      const { unchanged } = await throwing();
      const transaction = bench.dataSource.transaction(async (manager) => {
        await insert(manager).catch(() => undefined);
        await manager.transaction(() => Promise.reject(new Error('inner'))).catch(() => undefined);
      });
      await expect(transaction).rejects.toMatchObject(refusal);
      await unchanged();
    });

    it('a query runner that was rolled back can commit what it does next', async () => {
      const { before } = await throwing();
      const runner = bench.dataSource.createQueryRunner();
      try {
        await runner.startTransaction();
        await expect(insert(runner.manager)).rejects.toMatchObject(refusal);
        await expect(runner.commitTransaction()).rejects.toMatchObject(refusal);
        await expect(runner.commitTransaction()).rejects.toMatchObject(refusal);
        await runner.rollbackTransaction();
        await runner.startTransaction();
        await runner.manager.save(runner.manager.create(Challenge, { slug: slug() }));
        await runner.commitTransaction();
      } finally {
        await runner.release();
      }
      expect(await challenges().count()).toBe(before + 1);
    });

    it.each<[string, (manager: EntityManager, challenge: Challenge) => Promise<unknown>]>([
      ['update', (manager, { id }) => manager.update(Challenge, id, { title: 'after' })],
      ['delete', (manager, { id }) => manager.delete(Challenge, id)],
    ])('%s is refused before it is made, and the rest can be committed', async (_, write) => {
      const challenge = await stored();
      await throwing();
      bench.source(Challenge, { on: ['remove'] });
      await bench.dataSource.transaction(async (manager) => {
        await expect(write(manager, challenge)).rejects.toMatchObject({
          written: false,
          inTransaction: true,
        });
        await manager.save(manager.create(Challenge, { slug: slug() }));
      });
      expect(await challenges().findOneByOrFail({ id: challenge.id })).toMatchObject({ title: 'before' });
    });
  });

  it("a save without a transaction counts as a bulk insert with 'throw', and its error says so", async () => {
    bench.reset('throw');
    bench.source(Challenge);
    const before = await challenges().count();
    const write = challenges().save(challenges().create({ slug: slug() }), { transaction: false });
    await expect(write).rejects.toMatchObject({ code: 'BULK_WRITE', written: false, inTransaction: false });
    await expect(write).rejects.toThrow('save() with { transaction: false }');
    expect(await challenges().count()).toBe(before);
    // A save in a transaction of the application begins none of its own, and is none.
    await bench.dataSource.transaction((manager) =>
      manager.save(manager.create(Challenge, { slug: slug() }), { transaction: false }),
    );
    expect(await challenges().count()).toBe(before + 1);
  });

  it("'throw' lets save, remove and the like pass", async () => {
    bench.reset('throw');
    const seen = bench.source(Challenge, { on: ['insert', 'update', 'remove', 'soft-remove', 'recover'] });
    const challenge = await stored();
    challenge.title = 'saved';
    await challenges().save(challenge);
    await challenges().softRemove(challenge);
    await challenges().recover(challenge);
    await challenges().remove(challenge);
    expect(seen.map(({ reason }) => reason)).toEqual([
      'insert',
      'update',
      'soft-remove',
      'recover',
      'remove',
    ]);
  });

  it("'throw' lets a tree be saved, whose paths TypeORM writes in bulk", async () => {
    bench.reset('throw');
    const seen = bench.source(Category);
    const { manager } = bench.dataSource;
    const parent = await manager.save(manager.create(Category, { name: 'parent' }));
    const other = await manager.save(manager.create(Category, { name: 'other' }));
    const child = await manager.save(manager.create(Category, { name: 'child', parent }));
    child.parent = other;
    await manager.save(child);
    expect(seen.map(({ reason }) => reason)).toEqual(['insert', 'insert', 'insert', 'update']);
  });

  it('the request belongs to the transaction', async () => {
    const { id } = await stored();
    bench.reset();
    bench.source(Challenge);
    await bench.dataSource.transaction((manager) => manager.update(Challenge, id, { title: 't' }));
    expect(bench.state.requested).toMatchObject([{ inTransaction: true }]);
  });

  it.each([
    ['a column of the source', { title: 'x' }, 1],
    ['another column', { status: 'x' }, 0],
    ['the foreign key of a relation of the source', { ownerId: 1 }, 1],
  ])('columns: %s', async (_, values, requests) => {
    await bench.dataSource.manager.save(Owner, { id: 1, name: 'one' });
    const { id } = await stored();
    bench.reset();
    bench.source(Challenge, { columns: ['title', 'owner'] });
    await challenges().update(id, values);
    expect(bench.state.requested).toHaveLength(requests);
  });

  it('an insert of many asks once', async () => {
    bench.reset();
    bench.source(Challenge);
    await challenges().insert([{ slug: slug() }, { slug: slug() }]);
    expect(bench.state.requested).toHaveLength(1);
  });

  it.each([
    ['delete', 'remove', 'remove()', (id: number) => challenges().delete(id)],
    ['softDelete', 'soft-remove', 'softRemove()', (id: number) => challenges().softDelete(id)],
  ] as const)(
    '%s cannot be re-scanned: warned of once, where a source is on it, with the call that gives entities',
    async (_, reason, instead, write) => {
      const [one, two] = [await stored(), await stored()];
      bench.reset();
      bench.source(Challenge);
      await write(one.id);
      expect(bench.logger.of('warn')).toEqual([]);
      bench.source(Challenge, { on: [reason] });
      await write(two.id);
      await write(two.id);
      expect(bench.logger.of('warn')).toHaveLength(1);
      expect(bench.logger.of('warn')[0]).toContain(`bulk ${reason} of Challenge`);
      expect(bench.logger.of('warn')[0]).toContain(`Use ${instead} with entities`);
      expect(bench.state.requested).toEqual([]);
    },
  );

  it.each(['rescan', 'throw'] satisfies BulkWritePolicy[])(
    'raw SQL is seen by nothing, %s or not',
    async (policy) => {
      const { id } = await stored();
      bench.reset(policy);
      bench.source(Challenge);
      await bench.dataSource.query(`UPDATE challenge SET title = 'raw' WHERE id = ${id}`);
      expect(bench.state.requested).toEqual([]);
    },
  );

  describe('a source that goes by what was changed', () => {
    const warnings = () =>
      bench.logger.of('warn').filter((line) => line.includes('goes by what a save changed'));
    const save = (id: number, title: string) => challenges().save({ id, title });
    const update = (id: number) => challenges().update(id, { title: 'bulk' });

    it.each<[string, (id: number) => Promise<unknown>]>([
      ['when a save has shown that before', (id) => save(id, 'a').then(() => update(id))],
      ['when a save shows that afterwards', (id) => update(id).then(() => save(id, 'a'))],
      ['when the re-scan shows that', (id) => update(id).then(() => bench.rescan().runRequested())],
    ])('is warned of once where a bulk write has passed it by: %s', async (_, writes) => {
      const { id } = await stored();
      bench.reset();
      bench.source(Challenge, { name: 'Renamed' });
      await writes(id);
      await update(id);
      expect(warnings()).toEqual([expect.stringContaining('"Renamed"')]);
      expect(bench.state.requested).not.toEqual([]);
    });

    it.each<[string, (id: number) => Promise<unknown>]>([
      ['no bulk write', (id) => save(id, 'a').then(() => bench.rescan().run())],
      ['inserts only, of which a save says no more', () => challenges().insert({ slug: slug() })],
    ])('is not warned of where there was %s', async (_, writes) => {
      const { id } = await stored();
      bench.reset();
      bench.source(Challenge);
      await save(id, 'before');
      await writes(id);
      expect(warnings()).toEqual([]);
    });

    it('is not warned of where its author says what a re-scan finds', async () => {
      const { id } = await stored();
      bench.reset();
      bench.source(Challenge, { rescan: {} });
      await save(id, 'a');
      await update(id);
      expect(warnings()).toEqual([]);
    });
  });
});
