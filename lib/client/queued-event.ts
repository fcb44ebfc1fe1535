import type { LogOptions } from './browser-event-log.js';
import { eventJson } from './event-json.js';

/** An event that waits. */
export interface QueuedEvent {
  /** By which it is stored; also its key unless the caller gave one. */
  readonly id: string;
  /** As it was when it was logged, whatever the page does to the object afterwards. */
  readonly json: string;
  /** UTF-8 bytes of `json`. */
  readonly bytes: number;
  /** Found in storage: written by an earlier page, or by another tab. */
  readonly found?: boolean;
}

export function queuedEvent(id: string, json: string, found?: boolean): QueuedEvent {
  return { id, json, bytes: new TextEncoder().encode(json).length, found };
}

/** Throws where JSON cannot hold the data as it is. */
export function encodeEvent(id: string, name: string, data: object = {}, options?: LogOptions): QueuedEvent {
  const envelope = { __event__: name, __key__: options?.key ?? id, __occurredAt__: new Date() };
  return queuedEvent(id, eventJson(data, envelope));
}
