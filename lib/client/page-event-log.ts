import type { BrowserEventLog, LogOptions } from './browser-event-log.js';
import { asksNotToBeTracked } from './do-not-track.js';
import { newKey } from './event-key.js';
import { type EventQueue, eventQueue } from './event-queue.js';
import { eventStore } from './event-store.js';
import { leaving } from './leaving.js';
import { watchPage } from './lifecycle.js';
import { type EventLogOptions, type Settings, settingsOf } from './options.js';
import type { Page } from './page.js';
import type { Tell } from './problem.js';
import { encodeEvent } from './queued-event.js';
import { createSender } from './sender.js';

/** The client of one page. Throws when the URL is none. */
export function pageEventLog(page: Page, options: EventLogOptions): BrowserEventLog {
  const settings = settingsOf(options);
  settings.url = new URL(settings.url, page.location.href).href;
  const tell = teller(settings);
  const store = eventStore(() => settings.storage ?? page.localStorage, settings.url);
  const queue = eventQueue(store, settings);

  let stopped = false;
  // Asked each time: users change their minds.
  const silent = () => stopped || (settings.respectDoNotTrack && asksNotToBeTracked(page));
  const sender = createSender({ page, settings, queue, silent, tell });
  const leaver = leaving(page, settings, queue);
  const resume = () => {
    leaver.back();
    queue.adopt();
    void sender.flush();
  };
  const leave = () => {
    if (!silent() && !sender.heldOff()) leaver.leave();
  };
  const unwatch = watchPage(page, leave, resume);
  resume();

  return {
    log: (name: string, data?: object, options?: LogOptions) => {
      if (!silent() && take(page, queue, tell, name, data, options)) sender.added();
    },
    flush: sender.flush,
    stop: () => {
      stopped = true;
      unwatch();
    },
  };
}

/** Whether the event waits now. */
function take(page: Page, queue: EventQueue, tell: Tell, name: string, data?: object, options?: LogOptions) {
  try {
    const event = encodeEvent(newKey(page), name, data, options);
    if (queue.add(event)) return true;
    tell({ code: 'QUEUE_FULL', message: 'Too many events wait: one was dropped.', event: event.json });
  } catch (cause) {
    tell({
      code: 'NOT_ENCODABLE',
      message: 'JSON cannot hold an event: it was dropped.',
      event: name,
      cause,
    });
  }
  return false;
}

function teller({ onError }: Settings): Tell {
  return (problem) => {
    try {
      onError(problem);
    } catch {
      // The page's own mistake stays its own.
    }
  };
}
