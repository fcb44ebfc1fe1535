import { createHash } from 'node:crypto';
import { outsidePrefix } from '../core/event-input.js';
import type { EventOrigin } from '../core/event.js';
import type { ReceivedMessage, TransportKind } from './transport.js';

/** Bytes of an event's key. */
const MOST = 255;
/** Bytes of a source, so that there is place for an id behind it. */
const LONGEST_SOURCE = 140;
/** What names a message that has no id of its own, and what stands for ids that cannot be kept: no id may look so. */
const RESERVED = /^(\d+:\d+|sha256-.*)$/;

export const sha256 = (value: string | Uint8Array): string =>
  createHash('sha256').update(value).digest('hex');

/** What the keys of a topic's messages begin with. Topics of two transports never have one source. */
export function originOf(kind: TransportKind, name: string, topic: string): EventOrigin {
  const encoded = encodeURIComponent(topic.toWellFormed());
  const source = name === kind ? encoded : `${encodeURIComponent(name)}/${encoded}`;
  const isLong = Buffer.byteLength(source) > LONGEST_SOURCE;
  return { transport: kind, source: isLong ? `sha256-${sha256(source)}` : source };
}

/** What follows the prefix: the message's id, or its place. The same message has the same, however often it comes. */
export function identityOf(
  { partition, offset }: Pick<ReceivedMessage, 'partition' | 'offset'>,
  id: string | undefined,
  origin: EventOrigin,
): string {
  if (id === undefined || id === '') return `${partition}:${offset}`;
  const left = MOST - Buffer.byteLength(outsidePrefix(origin));
  const isUsable =
    Buffer.byteLength(id) <= left && id.isWellFormed() && !id.includes('\0') && !RESERVED.test(id);
  return isUsable ? id : `sha256-${sha256(id)}`;
}

/**
 * What follows the prefix in the key of the event that a quarantined message becomes later, by the key of the quarantined event. The text
 * that is hashed is so short that as an id it would stand for itself: no message can have this identity.
 */
export const readAgainIdentity = (key: string): string => `sha256-${sha256(`read again ${sha256(key)}`)}`;

/** The whole key of that event: neither transport nor source has a colon in it. */
export function readAgainKey(key: string): string {
  const [transport, source] = key.split(':', 2);
  return `${transport}:${source}:${readAgainIdentity(key)}`;
}

/** A message's key as an order key: its SHA-256 in hex where it is binary or too long. Undefined where there is none. */
export function orderKeyOf(key: Uint8Array | undefined): string | undefined {
  if (!key || key.byteLength === 0) return undefined;
  const text = key.byteLength <= MOST ? textOf(key) : undefined;
  return text === undefined || text.includes('\0') ? sha256(key) : text;
}

function textOf(bytes: Uint8Array): string | undefined {
  try {
    // A byte order mark is part of the key.
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
