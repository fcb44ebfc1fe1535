import { milliseconds } from '../../../lib/core/duration.js';
import { InvalidOptionError } from '../../../lib/core/errors.js';

describe('a duration', () => {
  it.each([
    [0, 0],
    [17, 17],
    [1.5, 1.5],
    ['250ms', 250],
    ['30s', 30_000],
    ['5m', 300_000],
    ['12h', 43_200_000],
    ['7d', 604_800_000],
    ['2w', 1_209_600_000],
    ['1.5s', 1500],
    [' 30 s ', 30_000],
  ])('of %j is %d ms', (duration, expected) => {
    expect(milliseconds(duration, 'lease', 'worker')).toBe(expected);
  });

  it.each([-1, NaN, Infinity, '', '30', 's', '-30s', '30 sec', '1h30m', null, undefined, {}, '1e3s'])(
    'is not %p',
    (duration) => {
      expect(() => milliseconds(duration as never, 'lease', 'worker')).toThrow(InvalidOptionError);
    },
  );

  it('that is none is refused by the name of the option', () => {
    expect(() => milliseconds('soon', 'lease', 'forRoot, worker')).toThrow(
      /^forRoot, worker: expected lease to be .*'30s'.*, got "soon"\.$/,
    );
  });
});
