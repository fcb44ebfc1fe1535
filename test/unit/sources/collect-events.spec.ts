import { event } from '../../../lib/core/event-input.js';
import { collectEvents } from '../../../lib/sources/collect-events.js';

const [a, b] = [event('a', 1), event('b', 2)];

// Some sources throw at once, others reject.
const collected = async (returned: unknown) => collectEvents(returned);

describe('collectEvents', () => {
  it.each<[string, unknown, unknown[]]>([
    ['nothing', undefined, []],
    ['null', null, []],
    ['a promise of nothing', Promise.resolve(), []],
    ['one event', a, [a]],
    ['a promise of one event', Promise.resolve(a), [a]],
    ['an array', [a, b], [a, b]],
    ['a promise of an array', Promise.resolve([a]), [a]],
    ['a set', new Set([a, b]), [a, b]],
    ['a generator', (function* () { yield a; yield b; })(), [a, b]], // prettier-ignore
    ['an async generator', (async function* () { yield a; yield b; })(), [a, b]], // prettier-ignore
  ])('takes %s', async (_, returned, events) => {
    expect(await collected(returned)).toEqual(events);
  });

  it.each<[string, unknown, string]>([
    ['a string', 'created', 'it'],
    ['an array with nothing in it that is an event', [undefined], 'it'],
    ['an event without key', { group: 'a' }, 'key'],
    ['true', true, 'it'],
  ])('refuses %s', async (_, returned, field) => {
    await expect(collected(returned)).rejects.toMatchObject({ code: 'INVALID_EVENT', field });
  });

  it('rejects as the generator does, and closes it at an invalid event', async () => {
    let closed = false;
    const failing = (async function* () {
      yield a;
      throw new Error('later');
    })();
    await expect(collected(failing)).rejects.toThrow('later');
    const generator = (function* () {
      try {
        yield { group: 'x' };
      } finally {
        closed = true;
      }
    })();
    await expect(collected(generator)).rejects.toThrow();
    expect(closed).toBe(true);
  });
});
