import type { Page } from './page.js';

/**
 * Tells when the page may be going for good (hidden, or unloaded) and when it is back (shown, or online again). Phones end
 * hidden pages without a word, so hiding counts. Gives the function that ends it.
 */
export function watchPage(page: Page, leave: () => void, resume: () => void): () => void {
  const { document } = page;
  const listeners = [
    [document, 'visibilitychange', () => (document.visibilityState === 'hidden' ? leave() : resume())],
    [page, 'pagehide', leave],
    [page, 'online', resume],
  ] as const;
  for (const [target, type, listener] of listeners) target.addEventListener(type, listener);
  return () => {
    for (const [target, type, listener] of listeners) target.removeEventListener(type, listener);
  };
}
