import type { Page } from './page.js';

let count = 36 ** 3;

/**
 * A key that nobody else makes: 96 random bits, by `getRandomValues`, since `randomUUID` is missing on pages that came
 * over plain http. The time before them, and a counter for those of a millisecond, let keys sort as they were made:
 * what comes back from storage is in its order, and the server's index stays compact.
 */
export function newKey({ crypto }: Pick<Page, 'crypto'>): string {
  const random = crypto.getRandomValues(new Uint32Array(3)).join('-');
  return `${Date.now().toString(36)}-${(count++).toString(36)}-${random}`;
}
