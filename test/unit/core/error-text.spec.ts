import { describe as describeValue } from '../../../lib/core/describe.js';
import { errorLine, errorText } from '../../../lib/core/error-text.js';
import { hostileValues } from '../../support/hostile-values.js';

describe('errorText', () => {
  const circular = new Error('round');
  circular.cause = circular;

  it.each([
    ['a string', 'out of ink', /^Thrown: out of ink$/],
    ['nothing', undefined, /^Thrown: undefined$/],
    ['a bigint', 17n, /^Thrown: \[object BigInt\]$/],
    ['an object without prototype', Object.create(null), /^Thrown: \{\}$/],
    ['an error with a cause', new Error('a', { cause: 'b' }), /^Error: a[^]*\nCaused by: Thrown: b$/],
    ['an error that caused itself', circular, /^Error: round[^]*\nCaused by: Error: round/],
    ['an error without a stack', Object.assign(new TypeError('a'), { stack: undefined }), /^TypeError: a$/],
  ])('tells of %s', (_title, thrown, text) => {
    expect(errorText(thrown)).toMatch(text);
  });

  it.each(hostileValues)('tells something of %s', (_title, thrown) => {
    expect(errorText(thrown)).toMatch(/./);
    expect(errorText(new Error('a', { cause: thrown }))).toMatch(/^Error: a[^]*\nCaused by: ./);
    expect(errorLine(thrown)).toMatch(/./);
    expect(describeValue(thrown)).toMatch(/./);
  });

  it('fits into the column: cut off, well-formed, without NUL', () => {
    expect(errorText('a\0b\uD800')).toBe('Thrown: a\uFFFDb\uFFFD');
    expect(errorText('x'.repeat(50), 20)).toHaveLength(20);
  });
});
