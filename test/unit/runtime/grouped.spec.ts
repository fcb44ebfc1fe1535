import { jest } from '@jest/globals';
import { Grouped } from '../../../lib/runtime/grouped.js';
import { deferred } from '../../support/deferred.js';

describe('Grouped', () => {
  it('calls back later, with what came of each', async () => {
    const told: [string, number][] = [];
    const done = deferred();
    const grouped = new Grouped(async (items: readonly string[]) => (item: string) => items.indexOf(item));
    const ask = (item: string, then: () => void = () => undefined) =>
      grouped.ask(
        item,
        (result) => {
          told.push([item, result]);
          then();
        },
        done.reject,
      );
    ask('a');
    ask('b', done.resolve);
    expect(told).toEqual([]);
    await done.promise;
    expect(told).toEqual([
      ['a', 0],
      ['b', 1],
    ]);
  });

  it('tells the others when one callback throws, which stays uncaught', async () => {
    const grouped = new Grouped(async () => () => 'done');
    const later = jest.spyOn(globalThis, 'queueMicrotask').mockImplementation(() => undefined);
    grouped.ask(
      'a',
      () => {
        throw new Error('a bug');
      },
      () => undefined,
    );
    expect(await grouped.request('b')).toBe('done');
    const [throwing] = later.mock.calls.map(([callback]) => callback);
    later.mockRestore();
    expect(throwing).toThrow('a bug');
    expect(await grouped.request('c')).toBe('done');
  });
});
