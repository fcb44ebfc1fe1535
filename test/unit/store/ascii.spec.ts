import { asciiOf } from '../../../lib/store/ports/ascii.js';

describe('asciiOf', () => {
  it('escapes what not every encoding has, and leaves the rest', () => {
    expect(asciiOf('a ~\n\tł😀\0')).toBe('a ~\n\t\\u0142\\ud83d\\ude00\\u0000');
  });
});
