import { jest } from '@jest/globals';
import { Coalesced } from '../../../lib/runtime/coalesced.js';
import { type Deferred, deferred } from '../../support/deferred.js';

describe('Coalesced', () => {
  let started: number[];
  let start: number;
  let gap: number;

  const coalesced = (work: () => Promise<void> = async () => undefined) => {
    const note = async () => {
      started.push(Math.round(performance.now() - start));
      await work();
    };
    return new Coalesced(note, () => gap);
  };

  beforeEach(() => {
    jest.useFakeTimers();
    started = [];
    start = performance.now();
    gap = 5;
  });

  afterEach(() => jest.useRealTimers());

  it('does at once what comes when it was quiet', async () => {
    const seldom = coalesced();
    for (let count = 0; count < 3; count++) {
      seldom.request();
      await jest.advanceTimersByTimeAsync(7);
    }
    expect(started).toEqual([0, 7, 14]);
  });

  it('does once what comes within the gap, when that is over', async () => {
    const often = coalesced();
    for (let count = 0; count < 12; count++) {
      often.request();
      await jest.advanceTimersByTimeAsync(1);
    }
    await jest.advanceTimersByTimeAsync(100);
    expect(started).toEqual([0, 5, 15]);
  });

  it('waits longer each time that several came, up to a limit, until it was quiet again', async () => {
    const often = coalesced();
    for (let count = 0; count < 160; count++) {
      often.request();
      await jest.advanceTimersByTimeAsync(1);
    }
    expect(started).toEqual([0, 5, 15, 35, 75, 115, 155]);
    await jest.advanceTimersByTimeAsync(100);
    started.length = 0;
    start = performance.now();
    often.request();
    await jest.advanceTimersByTimeAsync(7);
    often.request();
    expect(started).toEqual([0, 7]);
  });

  it('does not do it twice at a time', async () => {
    const works: Deferred[] = [];
    const slow = coalesced(() => {
      works.push(deferred());
      return works.at(-1)!.promise;
    });
    slow.request();
    slow.request();
    await jest.advanceTimersByTimeAsync(50);
    expect(started).toEqual([0]);
    works[0]!.resolve();
    await jest.advanceTimersByTimeAsync(0);
    expect(started).toEqual([0, 50]);
  });

  it('flushes what is under way and what is wanted', async () => {
    const all = coalesced(() => new Promise((resolve) => setTimeout(resolve, 20)));
    all.request();
    all.request();
    let flushed = false;
    void all.flush().then(() => (flushed = true));
    await jest.advanceTimersByTimeAsync(39);
    expect([started, flushed]).toEqual([[0, 20], false]);
    await jest.advanceTimersByTimeAsync(1);
    expect(flushed).toBe(true);
  });

  it('heeds another gap from the next time on', async () => {
    const failing = coalesced(async () => void (gap = 1000));
    failing.request();
    await jest.advanceTimersByTimeAsync(1);
    failing.request();
    await jest.advanceTimersByTimeAsync(998);
    expect(started).toEqual([0]);
    await jest.advanceTimersByTimeAsync(1);
    expect(started).toEqual([0, 1000]);
  });

  it('can be done by whoever asks, where it would be done at once', async () => {
    const often = coalesced();
    expect(often.take()).toBe(true);
    expect(often.take()).toBe(false);
    often.request();
    await jest.advanceTimersByTimeAsync(4);
    expect(often.take()).toBe(false);
    await jest.advanceTimersByTimeAsync(6);
    expect(started).toEqual([5]);
    expect(often.take()).toBe(true);
  });
});
