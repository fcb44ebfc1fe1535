import { DEFAULT_RETRY } from '../../../../lib/core/retry-policy.js';
import {
  DeliveryCancelledError,
  HandlerTimeoutError,
  LeaseLostError,
  NonRetriableError,
  ShutdownError,
  SnoozeError,
} from '../../../../lib/handlers/errors.js';
import { decide, NotBegun } from '../../../../lib/handlers/attempt/settlement.js';
import { PayloadPrunedError } from '../../../../lib/payload/errors.js';
import { hostileValues } from '../../../support/hostile-values.js';

const facts = {
  retry: { ...DEFAULT_RETRY, maxRetries: 2 },
  failures: 0,
  transactional: false,
  random: () => 0.5,
};
const failedWith = (error: unknown, failures = 0) => decide({ ok: false, error }, { ...facts, failures });
const endedBy = (reason: Error, error: unknown) =>
  decide({ ok: false, error }, { ...facts, endedBy: reason });
const endedWith = (reason: Error) => endedBy(reason, reason);

describe('decide', () => {
  it('marks success, unless the transaction of the handler did', () => {
    expect(decide({ ok: true }, facts)).toEqual({ kind: 'complete' });
    expect(decide({ ok: true }, { ...facts, transactional: true })).toEqual({ kind: 'completed' });
  });

  it('retries for as often as the policy says, then buries', () => {
    const error = new Error('no');
    expect(failedWith(error)).toEqual({ kind: 'retry', error, delay: 1000 });
    expect(failedWith(error, 1)).toEqual({ kind: 'retry', error, delay: 2000 });
    expect(failedWith(error, 2)).toEqual({ kind: 'bury', error });
  });

  it('gives back what could not start, later and whatever retries are left', () => {
    const error = new Error('no session');
    expect(failedWith(new NotBegun(error), 2)).toEqual({ kind: 'release', error, delay: 1000 });
  });

  it('does what special errors ask for', () => {
    const until = new Date(17);
    expect(failedWith(new SnoozeError(until), 9)).toEqual({ kind: 'snooze', until });
    expect(failedWith(new NonRetriableError('no'))).toMatchObject({ kind: 'bury' });
    expect(failedWith(new PayloadPrunedError())).toMatchObject({ kind: 'bury' });
  });

  it('tells what ended the attempt, and does as that asks for', () => {
    expect(endedWith(new LeaseLostError())).toEqual({ kind: 'abandon' });
    expect(endedWith(new ShutdownError())).toEqual({ kind: 'release', delay: 0 });
    expect(endedWith(new DeliveryCancelledError())).toMatchObject({ kind: 'cancel' });
    expect(endedWith(new HandlerTimeoutError('One', 5))).toMatchObject({ kind: 'retry' });
  });

  it.each([
    new LeaseLostError(),
    new ShutdownError(),
    new DeliveryCancelledError(),
    new HandlerTimeoutError('One', 5),
    undefined,
  ])('takes for a failure what a handler throws itself: %p', (error) => {
    expect(failedWith(error)).toEqual({ kind: 'retry', error, delay: 1000 });
    expect(endedBy(new LeaseLostError(), error)).toEqual({ kind: 'retry', error, delay: 1000 });
  });

  it.each(hostileValues)('takes for a failure what cannot be read: %s', (_title, thrown) => {
    expect(failedWith(thrown).kind).toBe('retry');
  });

  it('refuses to snooze until no time', () => {
    expect(() => new SnoozeError(new Date(NaN))).toThrow('expected until to be a valid Date');
  });
});
