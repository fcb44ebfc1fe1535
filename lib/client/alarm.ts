import type { Page } from './page.js';

/** A timer that rings once. */
export interface Alarm {
  /** Instead of what was set before. */
  set(milliseconds: number): void;
  /** Unless it is set. */
  atLatest(milliseconds: number): void;
  clear(): void;
}

export function alarm(page: Page, ring: () => void): Alarm {
  let timer: unknown;
  const clear = () => {
    page.clearTimeout(timer as never);
    timer = undefined;
  };
  const set = (milliseconds: number) => {
    clear();
    timer = page.setTimeout(() => {
      timer = undefined;
      ring();
    }, milliseconds);
  };
  return { set, clear, atLatest: (milliseconds) => (timer === undefined ? set(milliseconds) : undefined) };
}
