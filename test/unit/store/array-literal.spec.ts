import { arrayLiteral } from '../../../lib/store/dialects/postgres/array-literal.js';

describe('an array as PostgreSQL reads it', () => {
  it.each([
    [[], '{}'],
    [['a', '', 'NULL', '{b}', 'c,d'], '{"a","","NULL","{b}","c,d"}'],
    [[1, null, -2.5], '{1,null,-2.5}'],
    [['say "yes"', 'C:\\'], '{"say \\"yes\\"","C:\\\\"}'],
    [['ä€😀'], '{"ä€😀"}'],
  ])('is %j as text', (values, literal) => {
    expect(arrayLiteral(values)).toBe(literal);
  });

  it.each([
    [['line\nbreak']],
    [['back\\slash']],
    [['tab\t']],
    [['\u0001']],
    [['\ud800']],
    [[Buffer.from('a')]],
    [[NaN]],
    [[1n]],
    [[undefined]],
  ])('leaves %p to the driver', (values) => {
    expect(arrayLiteral(values)).toBeUndefined();
  });
});
