import { jest } from '@jest/globals';
import { drained, GIVE_BACK_LIMIT, longestDrain } from '../../../lib/handlers/draining.js';
import { deferred } from '../../support/deferred.js';

const LIMIT = 10_000;

describe('the drain of a worker', () => {
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());

  const start = ({ isAway = false } = {}) => {
    const [idle, marked] = [deferred(), deferred()];
    const facts = { aborted: false, ended: false };
    const work = {
      idle: idle.promise,
      abort: () => void (facts.aborted = true),
      marked: () => marked.promise,
      isAway: () => isAway,
    };
    void drained(work, LIMIT).then(() => (facts.ended = true));
    return { idle, marked, facts };
  };

  it('ends when nothing is under way', async () => {
    const { idle, facts } = start();
    idle.resolve();
    await jest.advanceTimersByTimeAsync(0);
    expect(facts).toEqual({ aborted: false, ended: true });
  });

  it('aborts what runs too long, and gives up what is not given back then, where all else is marked', async () => {
    const { marked, facts } = start();
    await jest.advanceTimersByTimeAsync(LIMIT);
    expect(facts).toEqual({ aborted: true, ended: false });
    marked.resolve();
    await jest.advanceTimersByTimeAsync(GIVE_BACK_LIMIT);
    expect(facts.ended).toBe(true);
  });

  it('waits longer for the marks of handlers that ended by themselves, as long again as for handlers', async () => {
    const { marked, facts } = start();
    await jest.advanceTimersByTimeAsync(LIMIT + GIVE_BACK_LIMIT + LIMIT - 1);
    expect(facts.ended).toBe(false);
    marked.resolve();
    await jest.advanceTimersByTimeAsync(0);
    expect(facts.ended).toBe(true);
  });

  it('has a longest time', async () => {
    const { facts } = start();
    await jest.advanceTimersByTimeAsync(longestDrain(LIMIT));
    expect(facts.ended).toBe(true);
  });

  it('does not wait longer for a database that is away', async () => {
    const { facts } = start({ isAway: true });
    await jest.advanceTimersByTimeAsync(LIMIT + GIVE_BACK_LIMIT);
    expect(facts.ended).toBe(true);
  });
});
