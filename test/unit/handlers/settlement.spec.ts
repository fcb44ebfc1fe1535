import { DEFAULT_RETRY } from '../../../lib/core/retry-policy.js';
import {
  DeliveryCancelledError,
  LeaseLostError,
  NonRetriableError,
  ShutdownError,
  SnoozeError,
} from '../../../lib/handlers/errors.js';
import { errorText, settle } from '../../../lib/handlers/settlement.js';
import { PayloadPrunedError } from '../../../lib/payload/errors.js';

const facts = {
  retry: { ...DEFAULT_RETRY, maxRetries: 2 },
  attempts: 0,
  transactional: false,
  random: () => 0.5,
};
const failedWith = (error: unknown, attempts = 0) => settle({ ok: false, error }, { ...facts, attempts });

describe('settle', () => {
  it('marks success, unless the transaction of the handler did', () => {
    expect(settle({ ok: true }, facts)).toEqual({ kind: 'complete' });
    expect(settle({ ok: true }, { ...facts, transactional: true })).toEqual({ kind: 'completed' });
  });

  it('retries for as often as the policy says, then buries', () => {
    const error = new Error('no');
    expect(failedWith(error)).toEqual({ kind: 'retry', error, delay: 1000 });
    expect(failedWith(error, 1)).toEqual({ kind: 'retry', error, delay: 2000 });
    expect(failedWith(error, 2)).toEqual({ kind: 'bury', error });
  });

  it('does what special errors ask for', () => {
    const until = new Date(17);
    expect(failedWith(new SnoozeError(until), 9)).toEqual({ kind: 'snooze', until });
    expect(failedWith(new NonRetriableError('no'))).toMatchObject({ kind: 'bury' });
    expect(failedWith(new PayloadPrunedError())).toMatchObject({ kind: 'bury' });
    expect(failedWith(new LeaseLostError())).toEqual({ kind: 'abandon' });
    expect(failedWith(new ShutdownError())).toEqual({ kind: 'release' });
    expect(failedWith(new DeliveryCancelledError())).toMatchObject({ kind: 'cancel' });
  });

  it('refuses to snooze until no time', () => {
    expect(() => new SnoozeError(new Date(NaN))).toThrow('expected until to be a valid Date');
  });
});

describe('errorText', () => {
  const circular = new Error('round');
  circular.cause = circular;

  it.each([
    ['a string', 'out of ink', /^Thrown: out of ink$/],
    ['nothing', undefined, /^Thrown: undefined$/],
    ['a bigint', 17n, /^Thrown: \[object BigInt\]$/],
    ['an object without prototype', Object.create(null), /^Thrown: \{\}$/],
    ['an error with a cause', new Error('a', { cause: 'b' }), /^Error: a[^]*\nCaused by: Thrown: b$/],
    ['an error that caused itself', circular, /^Error: round[^]*\nCaused by: Error: round/],
    ['an error without a stack', Object.assign(new TypeError('a'), { stack: undefined }), /^TypeError: a$/],
  ])('tells of %s', (_title, thrown, text) => {
    expect(errorText(thrown)).toMatch(text);
  });

  it('fits into the column: cut off, well-formed, without NUL', () => {
    expect(errorText('a\0b\uD800')).toBe('Thrown: a\uFFFDb\uFFFD');
    expect(errorText('x'.repeat(50), 20)).toHaveLength(20);
  });
});
