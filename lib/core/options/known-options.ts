import { describe } from '../describe.js';
import { EventSourcingError, InvalidOptionError } from '../errors.js';

/** An option that does not exist was given; `suggestion` is the nearest that does. */
export class UnknownOptionError extends EventSourcingError {
  readonly code = 'UNKNOWN_OPTION';

  constructor(
    readonly option: string,
    readonly known: readonly string[],
    readonly where: string,
    readonly suggestion: string | undefined = nearest(option, known),
  ) {
    const hint = suggestion ? ` Did you mean "${suggestion}"?` : '';
    super(`${where}: unknown option "${option}".${hint} Known options: ${known.join(', ')}.`);
  }
}

/** Throws `UnknownOptionError` for the first property of `options` that is not among `known`. */
export function assertKnownOptions(options: unknown, known: readonly string[], where: string): void {
  if (options === undefined) return;
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new UnknownOptionError(describe(options), known, where);
  }
  const unknown = Object.keys(options).find((option) => !known.includes(option));
  if (unknown !== undefined) throw new UnknownOptionError(unknown, known, where);
}

/**
 * Throws `InvalidOptionError` for the first property that is there and undefined: a parameter that is missing by mistake
 * would else mean all there is.
 */
export function assertNoneUndefined(options: object, where: string): void {
  const missing = Object.entries(options).find(([, value]) => value === undefined);
  if (missing) throw new InvalidOptionError(missing[0], 'given, or left out', 'undefined', where);
}

/** The nearest candidate, if any is near. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  return nearestOf(word, candidates)[0];
}

/** The candidates within an edit distance of a third of the word's length, at least two; nearest first. */
export function nearestOf(word: string, candidates: readonly string[]): string[] {
  const limit = Math.max(2, Math.floor(word.length / 3));
  return candidates
    .map((candidate) => ({ candidate, distance: editDistance(word.toLowerCase(), candidate.toLowerCase()) }))
    .filter(({ distance }) => distance <= limit)
    .sort((a, b) => a.distance - b.distance)
    .map(({ candidate }) => candidate);
}

/** Levenshtein distance, one row at a time. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(substitution, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[b.length]!;
}
