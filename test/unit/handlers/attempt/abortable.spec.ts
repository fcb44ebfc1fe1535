import { Abortable, Timed } from '../../../../lib/handlers/attempt/abortable.js';
import { Cancellation } from '../../../../lib/runtime/cancellation.js';
import type { Handler } from '../../../../lib/handlers/handler-set.js';
import type { Outcome } from '../../../../lib/handlers/attempt/settlement.js';
import { deferred } from '../../../support/deferred.js';

const STOP = new Error('stop');
const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('work that can be aborted', () => {
  let cancellation: Cancellation;
  let outcomes: Outcome[];
  const ended = (outcome: Outcome) => void outcomes.push(outcome);

  beforeEach(() => {
    cancellation = new Cancellation();
    outcomes = [];
  });

  it.each<[string, () => unknown, Outcome]>([
    ['returns', () => 1, { ok: true }],
    ['resolves', () => Promise.resolve(1), { ok: true }],
    [
      'throws',
      () => {
        throw STOP;
      },
      { ok: false, error: STOP },
    ],
    ['rejects', () => Promise.reject(STOP), { ok: false, error: STOP }],
    ['aborts itself', () => cancellation.abort(STOP), { ok: false, error: STOP }],
  ])('that %s calls back once, later', async (_, work, outcome) => {
    new Abortable(cancellation, ended).begin(work);
    expect(outcomes).toEqual([]);
    await turn();
    expect(outcomes).toEqual([outcome]);
    cancellation.abort(new Error('too late'));
    await turn();
    expect(outcomes).toEqual([outcome]);
  });

  it('ends with the reason of the abort, whatever it comes to after that', async () => {
    const { promise, reject } = deferred();
    new Abortable(cancellation, ended).begin(() => promise);
    cancellation.abort(STOP);
    reject(new Error('aborted'));
    await turn();
    expect(outcomes).toEqual([{ ok: false, error: STOP }]);
  });

  it('goes on while it may not be given up', async () => {
    const { promise, resolve } = deferred();
    new Abortable(cancellation, ended, () => false).begin(() => promise);
    cancellation.abort(STOP);
    await turn();
    expect(outcomes).toEqual([]);
    resolve();
    await turn();
    expect(outcomes).toEqual([{ ok: true }]);
  });

  it('has a timer only when it outlives the turn in which it began', async () => {
    const timers = () => process.getActiveResourcesInfo().filter((type) => type === 'Timeout').length;
    const handler = { name: 'Mails', timeout: 50 } as Handler;
    const before = timers();
    const { promise } = deferred();
    for (let n = 0; n < 10; n++) new Timed(handler, cancellation, ended).begin(() => undefined);
    await turn();
    expect(timers()).toBe(before);
    const timedOut = new Promise<Outcome>((resolve) =>
      new Timed(handler, new Cancellation(), resolve).begin(() => promise),
    );
    await turn();
    expect(timers()).toBe(before + 1);
    expect(await timedOut).toMatchObject({ ok: false, error: { name: 'HandlerTimeoutError' } });
    expect(timers()).toBe(before);
  });
});
