// What becomes /event/log.js: `<script src="/event/log.js"></script>` makes the global `eventLog`.
import type { BrowserEventLog } from './browser-event-log.js';
import { createEventLog, idleEventLog } from './create-event-log.js';
import { scriptOptions, type ScriptTag } from './script-options.js';

/** A global that a tag has made. */
type TagLog = BrowserEventLog & { url: string };

/** What the page calls so. */
declare const eventLog: unknown;

const scope = globalThis as unknown as Record<string, unknown> & {
  document: { currentScript: ScriptTag | null };
  location: { href: string };
};

const { name = 'eventLog', ...options } = scriptOptions(
  scope.document.currentScript ?? { src: '', dataset: {} },
);
const url = options.url ? new URL(options.url, scope.location.href).href : '';
const TAKEN = `the name ${name} is taken: give this script data-name`;
// An element of that id is no property of the window's own.
const there = Object.prototype.hasOwnProperty.call(scope, name) ? (scope[name] as TagLog | null) : undefined;

// A tag that is there twice is one client.
if (there?.url !== url) {
  if (there && there.url !== '') say(TAKEN);
  else take();
}

function take(): void {
  const log = Object.assign(url ? createEventLog(options) : idleEventLog(), { url });
  if (!url) say('it has no address: load it by <script src>, not as a module, or give it data-url');
  try {
    scope[name] = log;
    // A `const` or a `class` of the page goes before what the window has.
    if (name === 'eventLog' && eventLog !== log) say(TAKEN);
  } catch (error) {
    say(String(error));
  }
}

function say(why: string): void {
  console.warn(`The script of the event log records nothing (${url}): ${why}.`);
}
