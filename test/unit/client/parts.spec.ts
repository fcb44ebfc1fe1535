import { batchesOf } from '../../../lib/client/batches.js';
import { newKey } from '../../../lib/client/event-key.js';
import { queuedEvent } from '../../../lib/client/queued-event.js';
import { retryDelay } from '../../../lib/client/retry-delay.js';

describe('retryDelay', () => {
  it.each([
    [1, 0, 0, 1000],
    [1, 0, 1, 500],
    [4, 0, 0, 8000],
    [50, 0, 0, 300_000],
    [5000, 0, 0, 300_000],
    [1, 7000, 1, 7000],
    [4, 7000, 0, 8000],
  ])(
    'after %d failures, with %d ms asked for and %d of chance: %d ms',
    (failures, retryAfter, random, delay) => {
      expect(retryDelay(failures, retryAfter, random)).toBe(delay);
    },
  );
});

describe('newKey', () => {
  it('makes keys that differ, sort as they were made and do without randomUUID', () => {
    const crypto = { getRandomValues: (array: Uint32Array) => globalThis.crypto.getRandomValues(array) };
    const keys = Array.from({ length: 10_000 }, () => newKey({ crypto }));
    expect(new Set(keys).size).toBe(10_000);
    expect([...keys].sort()).toEqual(keys);
    expect(Math.max(...keys.map((key) => key.length))).toBeLessThan(60);
  });
});

describe('batchesOf', () => {
  const sizes = (bytes: number[], size: number) =>
    [
      ...batchesOf(
        bytes.map((count, i) => queuedEvent(`${i}`, 'x'.repeat(count))),
        size,
      ),
    ].map((batch) => batch.length);

  it.each([
    [[], 10, []],
    [[1, 1, 1], 2, [2, 1]],
    [[30_000, 29_998, 1], 10, [2, 1]],
    [[70_000, 1], 10, [1, 1]],
    [[1, 70_000, 1], 10, [1, 1, 1]],
  ])('cuts %j, at most %d each, into %j', (bytes, size, expected) => {
    expect(sizes(bytes, size)).toEqual(expected);
  });
});
