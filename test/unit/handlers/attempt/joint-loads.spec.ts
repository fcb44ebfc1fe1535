import { jest } from '@jest/globals';
import type { Handler } from '../../../../lib/handlers/handler-set.js';
import { JointLoads } from '../../../../lib/handlers/attempt/joint-loads.js';
import type { EntityReference } from '../../../../lib/payload/entity-port.js';

const challenge = (id: number): EntityReference => ({ entity: 'Challenge', id: { id } });

describe('JointLoads', () => {
  interface Trouble {
    fails?: (ids: number[]) => boolean;
    hangs?: (ids: number[]) => boolean;
  }

  const setUp = ({ fails = () => false, hangs = () => false }: Trouble = {}) => {
    const queries: number[][] = [];
    const loads = new JointLoads({
      keyOf: ({ entity, id }) => `${entity} ${String(id.id)}`,
      loaderOf: () => async (references) => {
        const ids = references.map(({ id }) => id.id as number);
        queries.push(ids);
        if (fails(ids)) throw new Error(`failed: ${ids.join(', ')}`);
        if (hangs(ids)) await new Promise(() => undefined);
        const found = new Map(ids.map((id) => [id, id < 0 ? null : { id }] as const));
        return ids.map((id) => found.get(id)!);
      },
    });
    const handler = {} as Handler;
    const load = (...ids: number[]) => loads.loaderOf(handler)(ids.map(challenge));
    return { queries, loads, load };
  };

  it('loads by one query what runs of a handler ask for in the same turn, and gives each its own', async () => {
    const { queries, load } = setUp();
    const loaded = await Promise.all([load(1), load(2, 3), load(-4), load(5)]);
    expect(queries).toEqual([[1, 2, 3, -4, 5]]);
    expect(loaded).toEqual([[{ id: 1 }], [{ id: 2 }, { id: 3 }], [null], [{ id: 5 }]]);
  });

  it('gives no two runs the same instance', async () => {
    const { queries, load } = setUp();
    const loaded = await Promise.all([load(1), load(2), load(1), load(1, 2)]);
    expect(queries).toEqual([[1, 2], [1], [1, 2]]);
    const entities = loaded.flat();
    expect(new Set(entities).size).toBe(entities.length);
  });

  it('loads for each handler by a query of its own', async () => {
    const { queries, loads } = setUp();
    const load = (id: number) => loads.loaderOf({} as Handler)([challenge(id)]);
    await Promise.all([load(1), load(2)]);
    expect(queries).toEqual([[1], [2]]);
  });

  it('lets only those fail for which it fails alone', async () => {
    const { queries, load } = setUp({ fails: (ids) => ids.includes(2) });
    const loaded = await Promise.allSettled([load(1), load(2), load(3)]);
    expect(queries).toEqual([[1, 2, 3], [1], [2], [3]]);
    expect(loaded).toEqual([
      { status: 'fulfilled', value: [{ id: 1 }] },
      { status: 'rejected', reason: new Error('failed: 2') },
      { status: 'fulfilled', value: [{ id: 3 }] },
    ]);
  });

  it('waits for no query that is under way', async () => {
    const { load } = setUp({ hangs: (ids) => ids.includes(1) });
    void load(1);
    await new Promise((resolve) => setImmediate(resolve));
    expect(await load(2)).toEqual([{ id: 2 }]);
  });

  it('lets nobody wait for long for what hangs for another', async () => {
    jest.useFakeTimers({ doNotFake: ['setImmediate'] });
    const { load } = setUp({ hangs: (ids) => ids.includes(2) });
    const others = Promise.all([load(1), load(3)]);
    void load(2);
    await new Promise((resolve) => setImmediate(resolve));
    await jest.advanceTimersByTimeAsync(1000);
    jest.useRealTimers();
    expect(await others).toEqual([[{ id: 1 }], [{ id: 3 }]]);
  });

  it('makes a query for 50 runs at most', async () => {
    const { queries, load } = setUp();
    await Promise.all(Array.from({ length: 120 }, (_, id) => load(id)));
    expect(queries.map(({ length }) => length)).toEqual([50, 50, 20]);
  });
});
