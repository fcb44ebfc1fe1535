import { errorLine } from '../core/error-text.js';
import { UnreadableMessageError } from './errors.js';
import type { Serializer } from './serializer.js';

/**
 * JSON `{ name, data }`: the event's group and its data. What is received may be any JSON: an object with `name` and `data` is read as
 * such, and anything else is the data of an event whose group is the topic. What JSON cannot hold, such as a bigint, is not sent; dates
 * become text.
 */
export function json(): Serializer {
  return {
    name: 'json',
    serialize: ({ group, data }) => ({
      value: Buffer.from(JSON.stringify({ name: group, data: data ?? null })),
      headers: { 'content-type': 'application/json' },
    }),
    deserialize: ({ value }) => {
      const read = parsedJson(value);
      return isEnvelope(read) ? { group: read.name, data: read.data } : { data: read };
    },
  };
}

/** What the bytes are as JSON in UTF-8. Throws `UnreadableMessageError`. */
export function parsedJson(value: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(value));
  } catch (error) {
    throw new UnreadableMessageError(
      `expected JSON in UTF-8, got ${value.byteLength} bytes that are none: ${errorLine(error)}`,
      {
        cause: error,
      },
    );
  }
}

function isEnvelope(value: unknown): value is { name: string; data: unknown } {
  if (typeof value !== 'object' || value === null) return false;
  const { name } = value as { name?: unknown };
  return typeof name === 'string' && name !== '' && 'data' in value;
}
