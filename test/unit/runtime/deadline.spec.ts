import { jest } from '@jest/globals';
import { Deadline, NoAnswerError, settledWithin, within } from '../../../lib/runtime/deadline.js';

describe('a deadline', () => {
  const never = new Promise<string>(() => undefined);

  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  it('gives what came in time, and what it was rejected with', async () => {
    expect(await within(10, Promise.resolve('answer'))).toBe('answer');
    await expect(within(10, Promise.reject(new Error('refused')))).rejects.toThrow('refused');
    expect(jest.getTimerCount()).toBe(0);
  });

  it('is a typed error where nothing came', async () => {
    const answer = within(10, never).catch((error: unknown) => error);
    await jest.advanceTimersByTimeAsync(10);
    expect(await answer).toBeInstanceOf(NoAnswerError);
    expect(String(await answer)).toBe('NoAnswerError: no answer within 10 ms');
  });

  it('tells whether something is done in time', async () => {
    expect(await settledWithin(Promise.resolve(), 10)).toBe(true);
    await expect(settledWithin(Promise.reject(new Error('refused')), 10)).rejects.toThrow('refused');
    const late = settledWithin(never, 10);
    await jest.advanceTimersByTimeAsync(10);
    expect(await late).toBe(false);
  });

  it('leaves what is left of it, whatever was waited for before', () => {
    const deadline = new Deadline(100);
    jest.advanceTimersByTime(40);
    expect(deadline.left).toBeCloseTo(60);
    jest.advanceTimersByTime(100);
    expect(deadline.left).toBe(0);
  });
});
