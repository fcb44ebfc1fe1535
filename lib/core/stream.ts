import { STREAM_PREFIX } from './event-input.js';
import type { StreamVersion } from './event.js';

/** The name of an aggregate's stream. An application's name has no colon in it, so that no two pairs have one stream. */
export function streamName(application: string, id: string): string {
  return `${application}:${id}`;
}

/** The application whose stream it is; undefined where the name is not made by `streamName`. */
export function applicationOf(stream: string): string | undefined {
  const colon = stream.indexOf(':');
  return colon < 0 ? undefined : stream.slice(0, colon);
}

export function aggregateIdOf(stream: string): string {
  return stream.slice(stream.indexOf(':') + 1);
}

/** Stream and version of the event of this key; undefined where it is of no stream: nobody else has keys with that prefix. */
export function streamOfKey(key: string): StreamVersion | undefined {
  if (!key.startsWith(STREAM_PREFIX)) return undefined;
  const colon = key.lastIndexOf(':');
  return { name: key.slice(STREAM_PREFIX.length, colon), version: Number(key.slice(colon + 1)) };
}

/** The version that an event of a stream is, by its key. */
export function versionOf({ key }: { key: string }): number {
  return streamOfKey(key)!.version;
}
