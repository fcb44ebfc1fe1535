/** A dog, and what it is taught, in that order. */
export type Lessons = Readonly<Record<string, readonly string[]>>;

/** How many dogs have learnt each trick. */
export type Totals = Readonly<Record<string, number>>;

export const FIRST_LESSONS: Lessons = {
  Fido: ['roll over', 'play dead'],
  Rex: ['roll over', 'sit'],
  Bella: ['sit', 'fetch', 'roll over'],
};

export const LATER_LESSONS: Lessons = {
  Luna: ['sit', 'fetch'],
  Milo: ['play dead'],
};

export const LAST_LESSONS: Lessons = { Otis: ['sit', 'fetch'] };

/** What the follower is to come to, by a rule that shares no code with it. */
export function totalsOf(...all: readonly Lessons[]): Totals {
  const tricks = all.flatMap((lessons) => Object.values(lessons).flat());
  return Object.fromEntries(
    [...new Set(tricks)].map((trick) => [trick, tricks.filter((one) => one === trick).length]),
  );
}

/** In the order of names: what is the same, however it was made, reads the same. */
export function told(totals: Totals): string {
  const lines = Object.entries(totals).sort(([one], [other]) => (one < other ? -1 : 1));
  return lines.map(([trick, dogs]) => `${trick}: ${dogs}`).join(', ') || 'none';
}
