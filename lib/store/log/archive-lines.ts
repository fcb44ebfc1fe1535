import { describe } from '../../core/describe.js';
import { nameProblem } from '../../core/event-input.js';
import type { EventMetadata } from '../../core/event.js';
import { streamOfKey } from '../../core/stream.js';
import type { EventRow, StoredEvent } from '../ports/rows.js';
import { InvalidArchiveError } from './archive-errors.js';

const FORMAT = 'nestjs-once.events';
const VERSION = 1;

/** An event with all that is stored of it. */
export interface ArchivedEvent extends StoredEvent {
  stream: string | null;
  streamVersion: number | null;
  availableAt: number | null;
  tags: readonly string[];
}

/** What a line says. */
export type ArchiveLine =
  | { kind: 'head' }
  | { kind: 'end'; events: number }
  | { kind: 'event'; position: number; row: Omit<EventRow, 'registryVersion' | 'handlers'> };

/** The first line of an archive. */
export function headLine(decoded: boolean): string {
  return JSON.stringify({ format: FORMAT, version: VERSION, ...(decoded ? { decoded: true } : {}) });
}

/** The last line of one that is whole. */
export function endLine(events: number): string {
  return JSON.stringify({ end: true, events });
}

/** As stored: what the event has none of is left out. Texts stay texts, so that not a byte of them changes. */
export function eventLine(event: ArchivedEvent): string {
  const { payload, payloadBytes, stream, streamVersion, orderKey, availableAt, tags } = event;
  return JSON.stringify({
    position: event.position,
    key: event.key,
    group: event.group,
    encoding: event.encoding,
    payload: payload ?? undefined,
    bytes: payloadBytes ? Buffer.from(payloadBytes).toString('base64') : undefined,
    metadata: event.metadata,
    stream: stream ?? undefined,
    streamVersion: streamVersion ?? undefined,
    orderKey: orderKey ?? undefined,
    occurredAt: event.occurredAt,
    recordedAt: event.recordedAt,
    availableAt: availableAt ?? undefined,
    tags: tags.length > 0 ? tags : undefined,
  });
}

/** `isBegun`: its first line was read. Throws `InvalidArchiveError`. */
export function parsedLine(text: string, line: number, isBegun: boolean): ArchiveLine {
  const fail = (expected: string, actual: string): never => {
    throw new InvalidArchiveError(line, expected, actual);
  };
  let value: Record<string, unknown>;
  try {
    value = JSON.parse(text) as Record<string, unknown>;
  } catch {
    return fail('a JSON object', `${text.length} characters that are no JSON`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return fail('a JSON object', describe(value));
  if (!isBegun || 'format' in value) return head(value, fail);
  if (value.end === true) return { kind: 'end', events: Number(value.events) };
  return { kind: 'event', position: Number(value.position), row: rowOf(value, fail) };
}

type Fail = (expected: string, actual: string) => never;

function head({ format, version, decoded }: Record<string, unknown>, fail: Fail): ArchiveLine {
  if (format !== FORMAT || version !== VERSION)
    return fail(`format "${FORMAT}" of version ${VERSION}`, `${describe(format)}, ${describe(version)}`);
  if (decoded) return fail('events as they are stored', 'decoded ones, which are to be read, not imported');
  return { kind: 'head' };
}

function rowOf(value: Record<string, unknown>, fail: Fail): Omit<EventRow, 'registryVersion' | 'handlers'> {
  const name = (property: string) => {
    const problem = nameProblem(value[property]);
    return problem
      ? fail(`${property} to be ${problem.expected}`, problem.actual)
      : (value[property] as string);
  };
  const typed = <T>(property: string, type: 'string' | 'number'): T =>
    typeof value[property] === type && (type === 'string' || Number.isSafeInteger(value[property]))
      ? (value[property] as T)
      : fail(`${property} to be a ${type === 'number' ? 'whole number' : 'text'}`, describe(value[property]));
  const optional = <T>(property: string, read: () => T): T | null =>
    value[property] === undefined || value[property] === null ? null : read();
  const row = {
    key: name('key'),
    group: name('group'),
    encoding: typed<string>('encoding', 'string'),
    payload: optional('payload', () => typed<string>('payload', 'string')),
    payloadBytes: optional('bytes', () => Buffer.from(typed<string>('bytes', 'string'), 'base64')),
    metadata: metadataOf(typed<string>('metadata', 'string'), fail),
    stream: optional('stream', () => name('stream')),
    streamVersion: optional('streamVersion', () => typed<number>('streamVersion', 'number')),
    orderKey: optional('orderKey', () => name('orderKey')),
    occurredAt: typed<number>('occurredAt', 'number'),
    recordedAt: typed<number>('recordedAt', 'number'),
    availableAt: optional('availableAt', () => typed<number>('availableAt', 'number')),
    tags: tagsOf(value.tags, fail),
  };
  assertPlace(row, fail);
  return row;
}

function metadataOf(text: string, fail: Fail): string {
  try {
    const metadata = JSON.parse(text) as EventMetadata | null;
    if (typeof metadata === 'object' && metadata !== null) return text;
  } catch {
    // Said below.
  }
  return fail('metadata to be JSON of an object', describe(text));
}

function tagsOf(tags: unknown, fail: Fail): readonly string[] {
  if (tags === undefined) return [];
  if (!Array.isArray(tags)) return fail('tags to be an array', describe(tags));
  for (const tag of tags as unknown[]) {
    const problem = nameProblem(tag);
    if (problem) fail(`each tag to be ${problem.expected}`, problem.actual);
  }
  return [...new Set(tags as string[])];
}

/** The key of an event of a stream is made of its place in it, and no other event has such a key. */
function assertPlace(
  { key, stream, streamVersion }: Pick<EventRow, 'key' | 'stream' | 'streamVersion'>,
  fail: Fail,
): void {
  const place = streamOfKey(key);
  if ((place?.name ?? null) === stream && (place?.version ?? null) === streamVersion) return;
  fail(
    'key, stream and streamVersion to name one place',
    `"${key}", ${describe(stream)}, ${describe(streamVersion)}`,
  );
}
