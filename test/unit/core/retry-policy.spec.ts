import fc from 'fast-check';
import { DEFAULT_RETRY, retryDelay, retryPolicy } from '../../../lib/core/retry-policy.js';

const middle = () => 0.5;

describe('a retry policy', () => {
  it('has defaults, which may be others', () => {
    expect(retryPolicy({}, 'here')).toEqual(DEFAULT_RETRY);
    expect(retryPolicy({ maxRetries: 0 }, 'here', { ...DEFAULT_RETRY, backoff: 7 })).toMatchObject({
      maxRetries: 0,
      backoff: 7,
    });
  });

  it('takes durations as strings', () => {
    expect(retryPolicy({ interval: '2s', maxInterval: '1h' }, 'here')).toMatchObject({
      interval: 2000,
      maxInterval: 3_600_000,
    });
  });

  it.each([
    [{ maxRetries: -1 }, 'retry.maxRetries'],
    [{ maxRetries: 1.5 }, 'retry.maxRetries'],
    [{ maxRetries: Infinity }, 'retry.maxRetries'],
    [{ maxRetries: '3' }, 'retry.maxRetries'],
    [{ backoff: 0.5 }, 'retry.backoff'],
    [{ backoff: NaN }, 'retry.backoff'],
    [{ jitter: 1.1 }, 'retry.jitter'],
    [{ jitter: -0.1 }, 'retry.jitter'],
    [{ interval: 'soon' }, 'retry.interval'],
    [{ maxInterval: -1 }, 'retry.maxInterval'],
  ])('is not %p', (options, option) => {
    expect(() => retryPolicy(options as never, 'here')).toThrow(
      expect.objectContaining({ code: 'INVALID_OPTION', option }),
    );
  });

  it('knows its options', () => {
    expect(() => retryPolicy({ maxRetrys: 3 } as never, 'here')).toThrow(
      /here, retry: unknown option "maxRetrys". Did you mean "maxRetries"/,
    );
  });
});

describe('the delay of a retry', () => {
  const policy = { maxRetries: 5, interval: 1000, backoff: 2, maxInterval: 5000, jitter: 0.1 };

  it('grows up to the longest, then there is none', () => {
    expect([1, 2, 3, 4, 5, 6].map((failures) => retryDelay(policy, failures, middle))).toEqual([
      1000,
      2000,
      4000,
      5000,
      5000,
      undefined,
    ]);
  });

  it('is varied by the jitter, either way', () => {
    expect(retryDelay(policy, 1, () => 0)).toBe(900);
    expect(retryDelay(policy, 1, () => 0.999_999)).toBe(1100);
    expect(retryDelay({ ...policy, jitter: 0 }, 1, () => 0)).toBe(1000);
  });

  it('is none where there are no retries', () => {
    expect(retryDelay({ ...policy, maxRetries: 0 }, 1, middle)).toBeUndefined();
  });

  it('is always a whole number within bounds, however many failures', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5000 }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (failures, random) => {
          const delay = retryDelay({ ...policy, maxRetries: 5000 }, failures, () => random)!;
          expect(Number.isInteger(delay)).toBe(true);
          expect(delay).toBeGreaterThanOrEqual(900);
          expect(delay).toBeLessThanOrEqual(5500);
        },
      ),
    );
  });
});
