import { assertKnownOptions, nearest, UnknownOptionError } from '../../../lib/core/options/known-options.js';

const KNOWN = ['concurrency', 'pollInterval', 'lease', 'shutdownTimeout'];

describe('known options', () => {
  it('are taken, none too', () => {
    expect(() => assertKnownOptions({ lease: 1, concurrency: undefined }, KNOWN, 'worker')).not.toThrow();
    expect(() => assertKnownOptions({}, KNOWN, 'worker')).not.toThrow();
    expect(() => assertKnownOptions(undefined, KNOWN, 'worker')).not.toThrow();
  });

  it('are suggested for others', () => {
    expect(() => assertKnownOptions({ concurency: 3 }, KNOWN, 'worker')).toThrow(
      'worker: unknown option "concurency". Did you mean "concurrency"? Known options: concurrency, pollInterval, lease, shutdownTimeout.',
    );
  });

  it('are listed where none is near', () => {
    const error = new UnknownOptionError('colour', KNOWN, 'worker');
    expect(error).toMatchObject({
      code: 'UNKNOWN_OPTION',
      option: 'colour',
      known: KNOWN,
      where: 'worker',
      suggestion: undefined,
    });
    expect(error.message).not.toContain('Did you mean');
  });

  it.each([null, 'text', 7, [{}]])('are not %p', (options) => {
    expect(() => assertKnownOptions(options, KNOWN, 'worker')).toThrow(UnknownOptionError);
  });
});

describe('the nearest of some words', () => {
  it.each([
    ['pollinterval', 'pollInterval'],
    ['leese', 'lease'],
    ['leas', 'lease'],
    ['timeoutShutdown', undefined],
    ['shutdownTimeOuts', 'shutdownTimeout'],
    ['', undefined],
  ])('to %j is %j', (word, expected) => {
    expect(nearest(word, KNOWN)).toBe(expected);
  });

  it('is the first of equals', () => {
    expect(nearest('cat', ['bat', 'rat'])).toBe('bat');
  });
});
