import { tagOf } from 'nestjs-once';
import { event } from '../../../lib/core/event-input.js';
import { describeEachDatabase } from '../../support/databases.js';
import {
  Category,
  Challenge,
  Content,
  Dog,
  Animal,
  Owner,
  Parcel,
  Person,
  Photo,
  type Plain,
  PlainSchema,
  Reading,
  Video,
} from './entities.js';
import type { SourceContext } from '../../../lib/sources/source-context.js';
import { type Seen, SourceBench } from './source-bench.js';

const created = (challenge: Challenge) => [event('created', challenge.id, { challenge })];

describeEachDatabase('Sources see what TypeORM writes', (db) => {
  let bench: SourceBench;
  let slugs = 0;

  beforeAll(async () => {
    bench = await SourceBench.open(db);
  });
  afterAll(() => bench.dataSource.destroy());
  beforeEach(() => bench.reset());

  const challenges = () => bench.dataSource.getRepository(Challenge);
  const slug = () => `slug-${++slugs}`;
  const saved = (values: Partial<Challenge> = {}) =>
    challenges().save(challenges().create({ slug: slug(), ...values }));

  /** What the source was given is what `find` gives, in every column. */
  const expectAsStored = async ({ entity }: Seen) => {
    expect(entity).toBeInstanceOf(Challenge);
    const stored = await challenges().findOneOrFail({
      where: { id: entity.id as number },
      withDeleted: true,
    });
    for (const name of Object.keys(stored) as (keyof Challenge)[])
      expect({ [name]: entity[name] }).toEqual({ [name]: stored[name] });
  };

  describe('save', () => {
    it('of a new entity: inside the transaction, whole, the object itself', async () => {
      const seen = bench.source(Challenge, {}, created);
      const challenge = await saved({ title: 'a' });
      expect(seen).toMatchObject([{ reason: 'insert', entity: { id: challenge.id, status: 'draft' } }]);
      expect(seen[0]!.changed).toBeUndefined();
      expect(seen[0]!.entity).toBe(challenge);
      await expectAsStored(seen[0]!);
      expect(bench.recorder.recorded).toMatchObject([
        {
          input: { key: `created_${challenge.id}` },
          source: 'source 0',
          tags: [tagOf(challenge)],
          inTransaction: true,
        },
      ]);
    });

    it('of a changed entity: with the names of what changed', async () => {
      const challenge = await saved();
      const seen = bench.source(Challenge);
      challenge.title = 'b';
      challenge.counters.likes = 2;
      await challenges().save(challenge);
      expect(seen).toMatchObject([
        { reason: 'update', changed: expect.arrayContaining(['title', 'counters.likes']) },
      ]);
      expect(seen[0]!.entity).toBe(challenge);
      await expectAsStored(seen[0]!);
    });

    it('of an unchanged entity: nothing', async () => {
      const { id } = await saved();
      const seen = bench.source(Challenge);
      await challenges().save(await challenges().findOneByOrFail({ id }));
      expect(seen).toEqual([]);
      expect(bench.recorder.calls).toEqual([]);
    });

    it('of a plain object: an instance, as stored', async () => {
      const seen = bench.source(Challenge);
      const { id } = await challenges().save({ slug: slug(), title: 'plain' });
      await challenges().save({ id, title: 'changed' });
      expect(seen.map(({ reason }) => reason)).toEqual(['insert', 'update']);
      expect(seen[1]!.changed).toEqual(['title']);
      for (const one of seen) expect(one.entity).toMatchObject({ id, status: 'draft' });
      await expectAsStored(seen[1]!);
    });

    it('of a partly loaded instance: what TypeORM made null is read again', async () => {
      const { id } = await saved({ title: 'kept', price: '1.50' });
      const seen = bench.source(Challenge);
      const partial = await challenges().findOneOrFail({ where: { id }, select: { id: true, slug: true } });
      partial.slug = slug();
      await challenges().save(partial);
      expect(seen).toMatchObject([{ entity: { title: 'kept' } }]);
      await expectAsStored(seen[0]!);
    });

    it('of an instance that lacks only what may be null: TypeORM makes it null, the source gets what is stored', async () => {
      const { manager } = bench.dataSource;
      const { id } = await manager.save(manager.create(Photo, { title: 'before', url: 'kept' }));
      const seen = bench.source(Photo);
      const partial = await manager.findOneOrFail(Photo, {
        where: { id },
        select: { id: true, title: true },
      });
      partial.title = 'after';
      await manager.save(partial);
      expect(partial.url).toBeNull();
      expect(seen).toMatchObject([{ entity: { title: 'after', url: 'kept' } }]);
    });

    it.each([
      ['a Date for a day', { day: new Date('2026-02-03T10:00:00Z') }],
      ['a number for a decimal', { price: 7 }],
      ['a Date inside JSON', { settings: { since: new Date(0) } }],
    ])('of %s: as stored', async (_, values) => {
      const seen = bench.source(Challenge);
      const challenge = await saved(values);
      challenge.title = 'changed';
      await challenges().save(challenge);
      expect(seen).toHaveLength(2);
      await expectAsStored(seen[1]!);
    });

    it('without reload: the version is read', async () => {
      const challenge = await saved();
      const seen = bench.source(Challenge);
      challenge.title = 'not reloaded';
      await challenges().save(challenge, { reload: false });
      expect(seen).toHaveLength(1);
      expect(seen[0]!.entity.version).toBe(2);
      await expectAsStored(seen[0]!);
    });

    it('of a new row without reload: counts as a bulk write, its key is not known', async () => {
      const seen = bench.source(Challenge);
      await challenges().save(challenges().create({ slug: slug() }), { reload: false });
      expect(seen).toEqual([]);
      expect(bench.state.requested).toMatchObject([{ entity: 'Challenge', inTransaction: true }]);
    });

    it('of many: one record, one source at a time, in order', async () => {
      let running = 0;
      const seen = bench.source(Challenge, {}, async function* (challenge: Challenge, { manager }) {
        expect(++running).toBe(1);
        expect(await manager.countBy(Challenge, { id: challenge.id })).toBe(1);
        yield event('created', challenge.id);
        yield event('created', challenge.id);
        running--;
      });
      const many = await challenges().save(
        Array.from({ length: 20 }, () => challenges().create({ slug: slug() })),
      );
      expect(seen.map(({ entity }) => entity.id)).toEqual(many.map(({ id }) => id));
      expect(bench.recorder.calls).toEqual([{ method: 'record', size: 20 }]);
    });

    it('in chunks: one record each', async () => {
      bench.source(Challenge, {}, created);
      await challenges().save(
        Array.from({ length: 4 }, () => challenges().create({ slug: slug() })),
        { chunk: 2 },
      );
      expect(bench.recorder.calls).toEqual([
        { method: 'record', size: 2 },
        { method: 'record', size: 2 },
      ]);
    });

    it('many plain objects: read with one query', async () => {
      const rows = await challenges().save([{ slug: slug() }, { slug: slug() }, { slug: slug() }]);
      const seen = bench.source(Challenge);
      bench.queries.length = 0;
      await challenges().save(rows.map(({ id }) => ({ id, title: 'x' })));
      expect(seen).toHaveLength(3);
      // TypeORM's own, before the updates, and that for the sources.
      expect(
        bench.queries.filter((query) => query.includes('counters') && query.startsWith('SELECT')),
      ).toHaveLength(2);
      for (const one of seen) await expectAsStored(one);
    });

    it('outside any transaction', async () => {
      bench.source(Challenge, {}, created);
      await challenges().save(challenges().create({ slug: slug() }), { transaction: false });
      expect(bench.recorder.recorded).toMatchObject([{ inTransaction: false }]);
    });

    it('without listeners: nothing', async () => {
      const seen = bench.source(Challenge);
      await challenges().save(challenges().create({ slug: slug() }), { listeners: false });
      expect(seen).toEqual([]);
    });

    it('by cascade: parent and children', async () => {
      const seen = bench.source(Challenge);
      const owners = bench.source(Owner);
      const owner = bench.dataSource.manager.create(Owner, {
        name: 'o',
        challenges: [{ slug: slug() }, { slug: slug() }],
      });
      await bench.dataSource.manager.save(owner);
      expect(owners).toHaveLength(1);
      expect(seen).toHaveLength(2);
      for (const one of seen) expect(one.entity).toMatchObject({ ownerId: owner.id });
      for (const one of seen) await expectAsStored(one);
    });

    it('from the other side of a relation: TypeORM names no row, so a re-scan is asked for', async () => {
      const { manager } = bench.dataSource;
      const parcel = await manager.save(manager.create(Parcel, { label: 'x' }));
      const owner = await manager.save(manager.create(Owner, { name: 'o' }));
      const seen = bench.source(Parcel);
      await manager.save(manager.create(Owner, { id: owner.id, parcels: [{ id: parcel.id }] }));
      expect(seen).toEqual([]);
      expect(bench.state.requested).toMatchObject([{ entity: 'Parcel', inTransaction: true }]);
    });

    it('of new entities that refer to each other: one insert each, with the reference', async () => {
      const { manager } = bench.dataSource;
      const stored: unknown[] = [];
      const seen = bench.source(Person, {}, async (person: Person, context: SourceContext) => {
        stored.push(
          await context.manager.findOne(Person, { where: { id: person.id }, relations: { friend: true } }),
        );
      });
      const [one, two] = manager.create(Person, [{ name: '1' }, { name: '2' }]) as [Person, Person];
      one.friend = two;
      two.friend = one;
      await manager.save(one);
      expect(seen.map(({ reason }) => reason)).toEqual(['insert', 'insert']);
      expect(stored).toMatchObject([
        { friend: { id: expect.any(Number) } },
        { friend: { id: expect.any(Number) } },
      ]);
      expect(bench.state.requested).toEqual([]);
    });

    it('of a foreign key that the related entity beside it contradicts: as stored', async () => {
      const [one, two] = await bench.dataSource.manager.save(Owner, [{ name: '1' }, { name: '2' }]);
      const seen = bench.source(Challenge);
      const challenge = await saved({ owner: one as Owner });
      expect(challenge.ownerId).toBe(one!.id);
      challenge.ownerId = two!.id;
      challenge.title = 'contradiction';
      await challenges().save(challenge);
      for (const call of seen) expect(call.entity).toBeInstanceOf(Challenge);
      await expectAsStored(seen[1]!);
    });

    it('of an entity with eager relations: they are loaded', async () => {
      const owner = await bench.dataSource.manager.save(Owner, { name: 'eager' });
      const seen = bench.source(Parcel);
      const parcel = bench.dataSource.manager.create(Parcel, { label: 'x', receiver: { id: owner.id } });
      await bench.dataSource.manager.save(parcel);
      expect(seen).toMatchObject([{ entity: { receiver: { name: 'eager' } } }]);
    });

    it('of a composite key', async () => {
      const seen = bench.source(Reading);
      await bench.dataSource.manager.save(Reading, { sensor: 's', sequence: 1, value: 1 });
      await bench.dataSource.manager.save(Reading, { sensor: 's', sequence: 1, value: 2 });
      expect(seen).toMatchObject([
        { entity: { value: 1 } },
        { reason: 'update', entity: { sensor: 's', sequence: 1, value: 2 } },
      ]);
    });

    it('of a tree: one insert each, though TypeORM also writes its paths', async () => {
      const seen = bench.source(Category);
      const parent = await bench.dataSource.manager.save(
        bench.dataSource.manager.create(Category, { name: 'p' }),
      );
      await bench.dataSource.manager.save(bench.dataSource.manager.create(Category, { name: 'c', parent }));
      expect(seen).toMatchObject([{ entity: { name: 'p' } }, { entity: { name: 'c' } }]);
      expect(bench.state.requested).toEqual([]);
    });
  });

  describe('removal', () => {
    it('remove: the row as it was, with its key, events with snapshots', async () => {
      const challenge = await saved({ title: 'gone' });
      const { id } = challenge;
      const seen = bench.source(Challenge, { on: ['remove'] }, (row: Challenge) =>
        event('removed', row.id, { row }),
      );
      await challenges().remove(challenge);
      expect(seen).toMatchObject([{ reason: 'remove', entity: { id, title: 'gone' } }]);
      expect(bench.recorder.recorded).toMatchObject([{ input: { key: `removed_${id}` }, snapshots: true }]);
    });

    it('remove of a plain object', async () => {
      const { id } = await saved({ title: 'gone' });
      const seen = bench.source(Challenge, { on: ['remove'] });
      await bench.dataSource.manager.remove(Challenge, { id } as Challenge);
      expect(seen).toMatchObject([{ entity: { id, title: 'gone' } }]);
      expect(seen[0]!.entity).toBeInstanceOf(Challenge);
    });

    it('soft remove and recover', async () => {
      const challenge = await saved();
      const seen = bench.source(Challenge, { on: ['soft-remove', 'recover'] });
      await challenges().softRemove(challenge);
      expect(seen).toMatchObject([
        { reason: 'soft-remove', changed: ['deletedAt'], entity: { deletedAt: expect.any(Date) } },
      ]);
      await expectAsStored(seen[0]!);
      await challenges().recover({ id: challenge.id } as Challenge);
      expect(seen[1]).toMatchObject({ reason: 'recover', entity: { id: challenge.id, deletedAt: null } });
      await expectAsStored(seen[1]!);
    });

    it('is not seen by a source that is not on it', async () => {
      const challenge = await saved();
      const seen = bench.source(Challenge);
      await challenges().softRemove(challenge);
      await challenges().remove(challenge);
      expect(seen).toEqual([]);
    });
  });

  describe('transactions', () => {
    it('the manager reads what the transaction wrote, at every depth', async () => {
      const seen = bench.source(Challenge, {}, async (challenge: Challenge, { manager }: SourceContext) => {
        expect(await manager.countBy(Challenge, { id: challenge.id })).toBe(1);
        return [event('created', challenge.id)];
      });
      await bench.dataSource.transaction(async (outer) => {
        await outer.save(outer.create(Challenge, { slug: slug() }));
        await outer.transaction(async (inner) => {
          await inner.save(inner.create(Challenge, { slug: slug() }));
        });
        await expect(
          outer.transaction(async (inner) => {
            await inner.save(inner.create(Challenge, { slug: slug() }));
            throw new Error('savepoint');
          }),
        ).rejects.toThrow('savepoint');
      });
      expect(seen).toHaveLength(3);
      expect(bench.recorder.recorded.every(({ inTransaction }) => inTransaction)).toBe(true);
    });

    it('a source that throws fails the save, and names itself, the entity and its id', async () => {
      bench.source(Challenge, { name: 'Broken' }, () => {
        throw new Error('no mailer');
      });
      const before = await challenges().count();
      await expect(saved()).rejects.toMatchObject({
        code: 'SOURCE_FAILED',
        source: 'Broken',
        entity: 'Challenge',
        id: expect.any(Number),
        cause: expect.objectContaining({ message: 'no mailer' }),
      });
      expect(await challenges().count()).toBe(before);
      expect(bench.recorder.calls).toEqual([]);
    });

    it('so does one that yields what is no event', async () => {
      bench.source(Challenge, { name: 'Broken' }, () => [{ group: '', key: 'x' }]);
      await expect(saved()).rejects.toMatchObject({
        code: 'SOURCE_FAILED',
        cause: { code: 'INVALID_EVENT', field: 'group' },
      });
    });

    it.each([
      [
        'an async function',
        {
          async source(_: Challenge, { manager }: SourceContext) {
            await manager.save(Owner, { name: 'by source' });
          },
        },
      ],
      [
        'an async generator',
        {
          async *source({ id }: Challenge, { manager }: SourceContext) {
            await manager.save(Owner, { name: 'by source' });
            yield event('created', id);
          },
        },
      ],
    ])('%s that saves another entity does not wait for itself', async (_, provider) => {
      const owners = bench.source(Owner);
      bench.registry.add(provider, 'source', { entity: Challenge, options: {} });
      await saved();
      expect(owners).toHaveLength(1);
    });

    it('another subscriber that fails the save does not leave the recording behind', async () => {
      const order: string[] = [];
      bench.source(Challenge, {}, async (_: Challenge, { manager }: SourceContext) => {
        await manager.count(Challenge);
        await manager.count(Challenge);
        order.push('source');
      });
      bench.dataSource.subscribers.push({
        afterInsert: () => Promise.reject(new Error('other subscriber')),
        afterTransactionRollback: () => void order.push('rollback'),
      });
      await expect(saved()).rejects.toThrow('other subscriber');
      expect(order).toEqual(['source', 'rollback']);
    });
  });

  describe('hierarchies', () => {
    it('a source of the parent sees every class, a source of a child only its own', async () => {
      const contents = bench.source(Content);
      const photos = bench.source(Photo);
      const manager = bench.dataSource.manager;
      await manager.save([
        manager.create(Content, { title: 'c' }),
        manager.create(Photo, { title: 'p' }),
        manager.create(Video, { title: 'v' }),
      ]);
      expect(new Set(contents.map(({ entity }) => entity.constructor))).toEqual(
        new Set([Content, Photo, Video]),
      );
      expect(photos).toMatchObject([{ entity: { title: 'p' } }]);
    });

    it('a child saved through the parent as a plain object is found out', async () => {
      const photo = await bench.dataSource.manager.save(
        bench.dataSource.manager.create(Photo, { title: 'p', url: 'u' }),
      );
      const photos = bench.source(Photo);
      await bench.dataSource.manager.save(Content, { id: photo.id, title: 'changed' });
      expect(photos).toMatchObject([{ entity: { title: 'changed', url: 'u' } }]);
      expect(photos[0]!.entity).toBeInstanceOf(Photo);
    });

    it('a base class that is no entity', async () => {
      const animals = bench.source(Animal);
      await bench.dataSource.manager.save(bench.dataSource.manager.create(Dog, { name: 'd' }));
      expect(animals).toMatchObject([{ entity: { name: 'd' } }]);
    });

    it('an EntitySchema', async () => {
      const seen = bench.source<Plain>(PlainSchema);
      await bench.dataSource.getRepository(PlainSchema).save({ name: 'plain' });
      expect(seen).toMatchObject([{ entity: { name: 'plain', id: expect.any(Number) } }]);
    });
  });
});
