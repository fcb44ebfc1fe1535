import { describe } from '../core/describe.js';
import { text } from '../core/options/checks.js';
import { opt, type OptionsOf, resolved } from '../core/options/declare.js';
import { UnreadableMessageError } from './errors.js';
import { parsedJson } from './json.js';
import type { DeserializedMessage, Serializer } from './serializer.js';

export const CLOUD_EVENTS = {
  /** What sends: a URI reference, `source` of each event. Default `'/'`. */
  source: opt(text, '/'),
};

export interface CloudEventsOptions extends OptionsOf<typeof CLOUD_EVENTS> {}

/** Attributes that have to be there: strings that are not empty. */
const NEEDED = ['specversion', 'id', 'source', 'type'] as const;

/**
 * CloudEvents 1.0 in their JSON format, the whole event in the message (structured mode): `type` is the group, `id` the key, `time` when it
 * happened. Throws `UnknownOptionError` or `InvalidOptionError`.
 */
export function cloudEvents(options?: CloudEventsOptions): Serializer {
  const { source } = resolved(CLOUD_EVENTS, options, { where: 'cloudEvents' });
  return {
    name: 'cloudEvents',
    serialize: ({ key, group, occurredAt, orderKey, data }) => ({
      value: Buffer.from(
        JSON.stringify({
          ...{ specversion: '1.0', id: key, source, type: group, time: occurredAt.toISOString() },
          ...(orderKey === undefined ? {} : { subject: orderKey }),
          datacontenttype: 'application/json',
          data: data ?? null,
        }),
      ),
      headers: { 'content-type': 'application/cloudevents+json; charset=UTF-8' },
    }),
    deserialize: ({ value }) => read(parsedJson(value)),
  };
}

function read(event: unknown): DeserializedMessage {
  if (typeof event !== 'object' || event === null || Array.isArray(event))
    throw new UnreadableMessageError(`expected a CloudEvent, an object, got ${describe(event)}`);
  const given = event as Record<string, unknown>;
  for (const name of NEEDED) {
    const value = given[name];
    if (typeof value !== 'string' || value === '')
      throw new UnreadableMessageError(
        `expected ${name} of the CloudEvent to be a string that is not empty, got ${describe(value)}`,
      );
  }
  if (given.specversion !== '1.0')
    throw new UnreadableMessageError(
      `expected a CloudEvent of version 1.0, got ${describe(given.specversion)}`,
    );
  const { id, source, type, time } = given as Record<string, string>;
  return {
    group: type!,
    // An id is unique within its source.
    id: `${source} ${id}`,
    data: 'data_base64' in given ? bytesOf(given.data_base64) : given.data,
    ...(time === undefined ? {} : { occurredAt: timeOf(time) }),
  };
}

function bytesOf(value: unknown): Uint8Array {
  if (typeof value === 'string') return Buffer.from(value, 'base64');
  throw new UnreadableMessageError(
    `expected data_base64 of the CloudEvent to be a string, got ${describe(value)}`,
  );
}

function timeOf(value: unknown): Date {
  const time = new Date(typeof value === 'string' ? value : NaN);
  if (!Number.isNaN(time.getTime())) return time;
  throw new UnreadableMessageError(
    `expected time of the CloudEvent to be a time by RFC 3339, got ${describe(value)}`,
  );
}
