// nestjs-once/client: events from a web page. Runs in browsers, depends on nothing.
export { createEventLog, eventLog } from './create-event-log.js';
export { type BrowserEventLog, type EventData, type LogOptions } from './browser-event-log.js';
export { type EventLogOptions, type EventStorage } from './options.js';
export { type EventLogProblem } from './problem.js';
