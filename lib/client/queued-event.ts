import type { LogOptions } from './browser-event-log.js';

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

/** Throws where JSON cannot hold the data. */
export function encodeEvent(id: string, name: string, data: object = {}, options?: LogOptions): QueuedEvent {
  if (typeof data !== 'object' || data === null || Array.isArray(data))
    throw new TypeError('Expected an object of named values.');
  const json = JSON.stringify({
    ...data,
    __event__: name,
    __key__: options?.key ?? id,
    __occurredAt__: new Date().toISOString(),
  });
  return queuedEvent(id, json);
}
