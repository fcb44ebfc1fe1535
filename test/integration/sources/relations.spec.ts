import { describeEachDatabase } from '../../support/databases.js';
import { Challenge, Owner } from './entities.js';
import { type Seen, SourceBench } from './source-bench.js';

describeEachDatabase('Relations that a source declares', (db) => {
  let bench: SourceBench;
  let slugs = 0;

  beforeAll(async () => {
    bench = await SourceBench.open(db);
  });
  afterAll(() => bench.dataSource.destroy());
  beforeEach(() => bench.reset());

  const challenges = () => bench.dataSource.getRepository(Challenge);
  const owners = () => bench.dataSource.getRepository(Owner);
  const slug = () => `slug-${++slugs}`;
  const ownersOf = (seen: Seen[]) => seen.map(({ entity }) => (entity.owner as Owner | null)?.name);
  const stored = async (name: string) => {
    const owner = await owners().save({ name });
    return challenges().save(challenges().create({ slug: slug(), ownerId: owner.id }));
  };

  it.each<[string, (id: number) => Promise<unknown>]>([
    [
      'loaded without them',
      async (id) => challenges().save({ ...(await challenges().findOneByOrFail({ id })), title: 'b' }),
    ],
    [
      'loaded with them',
      async (id) => {
        const found = await challenges().findOneOrFail({ where: { id }, relations: { owner: true } });
        found.title = 'b';
        await challenges().save(found);
      },
    ],
    ['saved as a partial object', (id) => challenges().save({ id, title: 'b' })],
  ])('are there whatever the caller saved: an entity %s', async (_, save) => {
    const { id } = await stored('Ada');
    const seen = bench.source(Challenge, { relations: { owner: true } });
    await save(id);
    expect(seen.map(({ reason }) => reason)).toEqual(['update']);
    expect(ownersOf(seen)).toEqual(['Ada']);
  });

  it('are those of the running transaction, and of a new entity whose key alone was given', async () => {
    const seen = bench.source(Challenge, { relations: { owner: true } });
    await bench.dataSource.transaction(async (manager) => {
      const owner = await manager.save(Owner, { name: 'Grace' });
      await manager.save(Challenge, { slug: slug(), ownerId: owner.id });
    });
    expect(ownersOf(seen)).toEqual(['Grace']);
  });

  it('are read by one query for a save of many, and by none for a source that declares none', async () => {
    const owner = await owners().save({ name: 'Ada' });
    const many = () =>
      Array.from({ length: 5 }, () => challenges().create({ slug: slug(), ownerId: owner.id }));
    bench.source(Challenge);
    bench.queries.length = 0;
    await challenges().save(many());
    const without = bench.queries.length;
    bench.source(Challenge, { relations: { owner: true } });
    bench.queries.length = 0;
    await challenges().save(many());
    expect(bench.queries.length - without).toBe(1);
  });

  it('are those of each source, nested ones too', async () => {
    await stored('Ada');
    const { id } = await stored('Grace');
    const plain = bench.source(Challenge);
    const nested = bench.source(Challenge, { relations: { owner: { challenges: true } } });
    await challenges().save({ id, title: 'b' });
    expect(plain[0]!.entity.owner).toBeUndefined();
    expect((nested[0]!.entity.owner as Owner).challenges.map((one) => one.id)).toEqual([id]);
  });

  it('are there for a soft-removed and a recovered row, and in a re-scan', async () => {
    const challenge = await stored('Ada');
    const on = ['soft-remove', 'recover', 'update'] as const;
    const seen = bench.source(Challenge, { on, relations: { owner: true } });
    await challenges().softRemove(challenge);
    await challenges().recover(challenge);
    await bench.rescan().run({ entities: [Challenge] });
    const own = seen.filter(({ entity }) => entity.id === challenge.id);
    expect(own.map(({ reason }) => reason)).toEqual(['soft-remove', 'recover', 'rescan']);
    expect(ownersOf(own)).toEqual(['Ada', 'Ada', 'Ada']);
  });
});
