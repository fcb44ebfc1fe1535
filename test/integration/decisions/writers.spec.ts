import { setTimeout as sleep } from 'node:timers/promises';
import type { EventInput } from 'nestjs-once';
import type { EntityManager } from 'typeorm';
import { seededRandom } from '../../support/seeded-random.js';
import { type DatabaseAddress, describeEachDatabase } from '../../support/databases.js';
import { LogProcess } from '../store/log-process.js';

const WRITERS = 40;
const ROUNDS = 8;
const TAGS = 6;

/** What an event says of itself: which tags it has, and which events whoever decided on it had seen. */
interface Facts {
  tags: string[];
  query?: string[][];
  groups?: string[];
  seen?: number[];
}

describeEachDatabase('decisions beside transactions that stay open', (db) => {
  let address: DatabaseAddress;
  const processes: LogProcess[] = [];
  const random = seededRandom(42);
  const below = (limit: number) => Math.floor(random() * limit);
  const tag = () => `tag:${below(TAGS)}`;
  let count = 0;

  beforeAll(async () => {
    address = await db.create();
    for (let index = 0; index < 2; index++) {
      processes.push(await LogProcess.start(address, { extra: { poolSize: 24 } }));
      await processes[index]!.database.readIsolation();
    }
  });

  afterAll(async () => {
    for (const process of processes) await process.stop();
  });

  const event = (group: string, facts: Facts): EventInput<Facts> => ({
    group,
    key: `event ${++count}`,
    data: facts,
    tags: facts.tags,
  });

  const plain = async (process: LogProcess) => {
    const { dataSource, dialect } = process.database;
    const { isolation } = dialect.transactions;
    const work = async (manager: EntityManager) => {
      await process.log.append(event('plain', { tags: [tag()] }), { manager });
      await sleep(below(6));
      await process.log.append(event('plain', { tags: [tag(), tag()] }), { manager });
      await sleep(below(3));
      if (below(8) === 0) throw new RangeError('rolls back');
    };
    const running = isolation ? dataSource.transaction(isolation, work) : dataSource.transaction(work);
    await running.catch((error: unknown) => {
      if (!(error instanceof RangeError)) throw error;
    });
  };

  const decide = (process: LogProcess) => {
    const query = Array.from({ length: 1 + below(2) }, () => [...new Set([tag(), tag()].slice(below(2)))]);
    const groups = below(2) === 0 ? undefined : ['decided', 'nothing*'];
    const items = query.map((tags) => ({ tags, ...(groups ? { groups } : {}) }));
    return process.log.decide(
      items,
      async (events) => {
        if (below(3) === 0) await sleep(below(3));
        const seen = events.map(({ position }) => position);
        return event('decided', { tags: [query[0]![0]!, tag()], query, seen, ...(groups ? { groups } : {}) });
      },
      { timeout: '30s' },
    );
  };

  it(`saw exactly what matches and is before them: ${WRITERS} writers`, async () => {
    const decisions: number[] = [];
    const writer = async (index: number) => {
      const process = processes[index % 2]!;
      for (let round = 0; round < ROUNDS; round++) {
        if (index % 4 < 2) await plain(process);
        else decisions.push((await decide(process))[0]!.position);
      }
    };
    const ends = await Promise.allSettled(Array.from({ length: WRITERS }, (_, index) => writer(index)));
    expect(ends.flatMap((end) => (end.status === 'rejected' ? [end.reason] : []))).toEqual([]);
    await processes[0]!.decided(Math.max(...decisions));
    const log: { position: number; group: string; data: Facts }[] = [];
    for await (const each of processes[0]!.log.read<Facts>()) log.push(each);
    const made = log.filter(({ group }) => group === 'decided');
    expect(made.map(({ position }) => position)).toEqual(decisions.sort((a, b) => a - b));
    const wrong = made.filter(({ position, data: { query, groups, seen } }) => {
      const before = log.filter(
        (each) =>
          each.position < position &&
          (!groups || each.group === 'decided') &&
          query!.some((tags) => tags.every((one) => each.data.tags.includes(one))),
      );
      return JSON.stringify(before.map((each) => each.position)) !== JSON.stringify(seen);
    });
    expect([wrong.length, made.length]).toEqual([0, (WRITERS / 2) * ROUNDS]);
  }, 120_000);

  it('goes on beside an import of many tagged entities', async () => {
    const [importer, decider] = [processes[0]!, processes[1]!];
    const entities = Array.from({ length: 20_000 }, (_, id) => ({
      group: 'imported',
      key: `imported_${id}`,
      tags: [`Imported:${id}`],
    }));
    let isOver = false;
    const importing = importer.log.append(entities).finally(() => (isOver = true));
    importing.catch(() => undefined);
    let decided = 0;
    while (!isOver) {
      const [recorded] = await decider.log.decide(
        { tags: [`Decided:${decided % 7}`] },
        (events) => ({
          group: 'decided beside',
          key: `beside_${decided}`,
          tags: [`Decided:${decided % 7}`],
          data: { seen: events.length },
        }),
        { timeout: '60s' },
      );
      expect(recorded!.data).toEqual({ seen: Math.floor(decided / 7) });
      decided += 1;
    }
    expect((await importing).every(({ recorded }) => recorded)).toBe(true);
    const seen: string[] = [];
    for await (const { key } of decider.log.read({ tags: ['Imported:19999'] })) seen.push(key);
    expect(seen).toEqual(['imported_19999']);
  }, 120_000);
});
