import { compilePattern, type GroupPattern } from '../core/group-pattern.js';

/** Whether there can be a group that both match. Of a RegExp nobody can tell: then there can be. */
export function canBothMatch(one: GroupPattern, other: GroupPattern): boolean {
  if (typeof one !== 'string' || typeof other !== 'string') {
    const [text, pattern] = typeof one === 'string' ? [one, other] : [other, one];
    // A text without wildcards is the only group that it matches.
    return typeof text !== 'string' || text.includes('*') || compilePattern(pattern).test(text);
  }
  return overlap(one, other);
}

/** Of two texts with `*`: whether some text is matched by both. Row by row over all pairs of beginnings. */
function overlap(one: string, other: string): boolean {
  let row = prefixes(other, true);
  for (const left of one) {
    const next = [left === '*' && row[0]!];
    for (const [index, right] of [...other].entries()) {
      const skipsOne = left === '*' && row[index + 1]!;
      const skipsOther = right === '*' && next[index]!;
      const both = (left === right || left === '*' || right === '*') && row[index]!;
      // A `*` goes on over whatever the other has, too.
      next.push(
        skipsOne ||
          skipsOther ||
          both ||
          (left === '*' && next[index]!) ||
          (right === '*' && row[index + 1]!),
      );
    }
    row = next;
  }
  return row.at(-1)!;
}

/** Which beginnings of the text match the empty text. */
function prefixes(text: string, empty: boolean): boolean[] {
  const row = [empty];
  for (const character of text) row.push(row.at(-1)! && character === '*');
  return row;
}
