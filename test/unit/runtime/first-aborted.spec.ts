import { getEventListeners } from 'node:events';
import { underFirstAborted } from '../../../lib/runtime/first-aborted.js';

describe('work under several signals', () => {
  it('is aborted with the reason of the first of them, and leaves nothing on any', async () => {
    const [one, other] = [new AbortController(), new AbortController()];
    const reason = new Error('enough');
    await underFirstAborted([one.signal, other.signal], async (signal) => {
      expect(signal.aborted).toBe(false);
      other.abort(reason);
      one.abort(new Error('later'));
      expect(signal.reason).toBe(reason);
    });
    const long = new AbortController().signal;
    await expect(
      underFirstAborted([long], async () => {
        expect(getEventListeners(long, 'abort')).toHaveLength(1);
        throw reason;
      }),
    ).rejects.toBe(reason);
    expect(getEventListeners(long, 'abort')).toEqual([]);
  });

  it('begins aborted where one is', async () => {
    const reason = new Error('over');
    const signal = await underFirstAborted([AbortSignal.abort(reason)], async (own) => own);
    expect(signal.reason).toBe(reason);
  });
});
