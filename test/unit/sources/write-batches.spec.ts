import type { QueryRunner } from 'typeorm';
import { WriteBatches } from '../../../lib/sources/write-batches.js';

const runner = (): QueryRunner => ({}) as QueryRunner;

/** A promise that the test resolves. */
function signal() {
  let resolve!: () => void;
  const promise = new Promise<void>((done) => (resolve = done));
  return { promise, resolve };
}

describe('WriteBatches', () => {
  it('processes what one phase adds together, by runner', async () => {
    const processed: string[][] = [];
    const batches = new WriteBatches<string>(async (items) => void processed.push(items));
    const [one, two] = [runner(), runner()];
    await Promise.all([batches.add(one, 'a'), batches.add(one, 'b'), batches.add(two, 'c')]);
    await batches.add(one, 'd');
    expect(processed).toEqual([['a', 'b'], ['c'], ['d']]);
  });

  it('never processes two batches of one runner at once', async () => {
    const first = signal();
    const processed: string[][] = [];
    const batches = new WriteBatches<string>(async (items) => {
      processed.push(items);
      if (items.includes('a')) await first.promise;
    });
    const one = runner();
    const all = [batches.add(one, 'a')];
    await new Promise(setImmediate);
    all.push(batches.add(one, 'b'));
    await new Promise(setImmediate);
    all.push(batches.add(one, 'c'));
    expect(processed).toEqual([['a']]);
    first.resolve();
    await Promise.all(all);
    expect(processed).toEqual([['a'], ['b', 'c']]);
  });

  it('goes on after a batch that failed', async () => {
    const batches = new WriteBatches<string>(async ([item]) => {
      if (item === 'bad') throw new Error('bad');
    });
    const one = runner();
    const bad = batches.add(one, 'bad');
    await expect(bad).rejects.toThrow('bad');
    await expect(batches.add(one, 'good')).resolves.toBeUndefined();
  });

  it('does not wait for itself', async () => {
    const one = runner();
    const order: string[] = [];
    const batches: WriteBatches<string> = new WriteBatches(async ([item]) => {
      if (item === 'outer') {
        expect(batches.idle(one)).toBeUndefined();
        await batches.add(one, 'inner');
      }
      order.push(item!);
    });
    await batches.add(one, 'outer');
    expect(order).toEqual(['inner', 'outer']);
  });

  it('processes what was added out of a batch that waits for no writes after that batch', async () => {
    const one = runner();
    const order: string[] = [];
    let inner: Promise<void> | undefined;
    const batches: WriteBatches<string> = new WriteBatches(
      async ([item]) => {
        if (item === 'outer') {
          inner = batches.add(one, 'inner');
          await new Promise(setImmediate);
        }
        order.push(item!);
      },
      ([item]) => item !== 'outer',
    );
    await batches.add(one, 'outer');
    await inner;
    expect(order).toEqual(['outer', 'inner']);
  });

  it('is idle when the last batch has settled, failed or not', async () => {
    const one = runner();
    const end = signal();
    const batches = new WriteBatches<string>(async () => {
      await end.promise;
      throw new Error('failed');
    });
    expect(batches.idle(one)).toBeUndefined();
    const added = batches.add(one, 'a');
    const idle = batches.idle(one);
    end.resolve();
    await expect(added).rejects.toThrow('failed');
    await expect(idle).resolves.toBeUndefined();
    expect(batches.idle(one)).toBeUndefined();
  });
});
