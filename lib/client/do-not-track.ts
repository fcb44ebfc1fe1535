import type { Page } from './page.js';

/** Whether the user asks not to be tracked. */
export function asksNotToBeTracked({ navigator }: Page): boolean {
  return navigator.doNotTrack === '1' || navigator.globalPrivacyControl === true;
}
