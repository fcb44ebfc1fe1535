import { Slots } from '../../../lib/runtime/slots.js';
import { deferred } from '../../support/deferred.js';

describe('slots', () => {
  it('are taken at once where so many more stay free, else not at all', async () => {
    const slots = new Slots(() => 2);
    const end = deferred();
    const first = slots.tryUse(() => end.promise, 1);
    expect(first).toBeDefined();
    expect(slots.tryUse(() => end.promise, 1)).toBeUndefined();
    const second = slots.tryUse(() => end.promise);
    expect(second).toBeDefined();
    expect(slots.tryUse(() => end.promise)).toBeUndefined();
    end.resolve();
    await Promise.all([first, second]);
    expect(await slots.tryUse(async () => 'done', 1)).toBe('done');
  });

  it('go to who waits for one, before anybody takes it at once', async () => {
    const slots = new Slots(() => 1);
    const end = deferred();
    const first = slots.use(() => end.promise);
    const held = deferred();
    const waiting = slots.use(() => held.promise);
    end.resolve();
    await first;
    expect(slots.tryUse(async () => 'taken')).toBeUndefined();
    held.resolve();
    await waiting;
  });

  it('are free again where the work fails', async () => {
    const slots = new Slots(() => 1);
    await expect(slots.tryUse(() => Promise.reject(new Error('failed')))).rejects.toThrow('failed');
    expect(slots.tryUse(async () => undefined)).toBeDefined();
  });
});
