import type { BrowserEventLog, EventData } from './browser-event-log.js';
import type { EventLogOptions } from './options.js';
import { currentPage } from './page.js';
import { pageEventLog } from './page-event-log.js';

/**
 * Makes a client and begins to send what earlier pages left behind. One for each `url` and page is enough. Where there
 * is no page, as when it is rendered on a server, the client does nothing.
 */
export function createEventLog<Events extends EventData<Events> = Record<string, object>>(
  options: EventLogOptions = {},
): BrowserEventLog<Events> {
  try {
    const page = currentPage();
    if (page) return pageEventLog(page, options);
  } catch (error) {
    console.warn(error);
  }
  return idleEventLog();
}

/** It does nothing. */
export const idleEventLog = (): BrowserEventLog => ({
  log: () => undefined,
  flush: () => Promise.resolve(),
  stop: () => undefined,
});

let shared: BrowserEventLog | undefined;
const sharedLog = () => (shared ??= createEventLog());

/** A client with the default options, made when it is first used. */
export const eventLog: BrowserEventLog = {
  log: (...event) => sharedLog().log(...event),
  flush: () => sharedLog().flush(),
  stop: () => sharedLog().stop(),
};
