import { describe as named } from '../../../lib/core/describe.js';

describe('a value in an error message', () => {
  class Challenge {}

  it.each([
    [undefined, 'undefined'],
    [null, 'null'],
    ['it\'s "x"', '"it\'s \\"x\\""'],
    ['x'.repeat(61), 'a string of 61 characters'],
    [7, '7'],
    [NaN, 'NaN'],
    [true, 'true'],
    [7n, '7n'],
    [Symbol('s'), 'Symbol(s)'],
    [[1, 2], 'an array of 2'],
    [new Date(0), 'Date 1970-01-01T00:00:00.000Z'],
    [new Date(NaN), 'an invalid Date'],
    [{}, 'an object'],
    [Object.create(null), 'an object'],
    [new Challenge(), 'an instance of Challenge'],
    [new Map(), 'an instance of Map'],
    [function send() {}, 'function send'],
    [
      (
        () => () =>
          0
      )(),
      'a function',
    ],
    [Challenge, 'function Challenge'],
  ])('%p', (value, expected) => {
    expect(named(value)).toBe(expected);
  });

  it('is on one line', () => {
    expect(named('a\nb')).toBe('"a\\nb"');
  });
});
