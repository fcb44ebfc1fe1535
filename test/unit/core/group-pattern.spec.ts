import { compilePattern, restorePattern, storePattern } from '../../../lib/core/group-pattern.js';

describe('a group pattern', () => {
  it.each([
    ['challenge_created', 'challenge_created', true],
    ['challenge_created', 'challenge_created_late', false],
    ['challenge_created', 'a challenge_created', false],
    ['challenge_*', 'challenge_', true],
    ['challenge_*', 'challenge_a.b\nc', true],
    ['*', '', true],
    ['*.Created', 'app.user.Created', true],
    ['*.Created', 'appCreated', false],
    ['a*b*c', 'abc', true],
    ['a*b*c', 'a--c', false],
    ['App', 'app', false],
    ['a.b', 'axb', false],
    ['a+(b)?[c]{1}|^$\\/', 'a+(b)?[c]{1}|^$\\/', true],
  ])('%j matches the whole of %j: %s', (pattern, group, matches) => {
    expect(compilePattern(pattern).test(group)).toBe(matches);
  });

  it('that is a RegExp is searched anywhere, its flags respected', () => {
    expect(compilePattern(/^challenge/).test('challenge_created')).toBe(true);
    expect(compilePattern(/ended/).test('challenge_ended_late')).toBe(true);
    expect(compilePattern(/ENDED/i).test('challenge_ended')).toBe(true);
    expect(compilePattern(/^.$/u).test('🙂')).toBe(true);
  });

  it.each([/a/g, /a/y, /a/gy])('has no state: %s', (pattern) => {
    pattern.lastIndex = 1;
    const compiled = compilePattern(pattern);
    expect([compiled.test('a'), compiled.test('a'), compiled.test('a')]).toEqual([true, true, true]);
  });

  it.each(['app.*', /^app\./i, /a\/b/u, ''])('is the same after it was stored: %s', (pattern) => {
    const restored = restorePattern(JSON.parse(JSON.stringify(storePattern(pattern))));
    expect(restored).toEqual(compilePattern(pattern));
  });
});
