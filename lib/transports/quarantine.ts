import { describe } from '../core/describe.js';
import { errorText } from '../core/error-text.js';
import { InvalidOptionError } from '../core/errors.js';
import type { MessageSource, RecordedEvent } from '../core/event.js';
import { must, text, whole } from '../core/options/checks.js';
import { maybe, opt, resolved, type ResolvedOf } from '../core/options/declare.js';
import { assertNoneUndefined } from '../core/options/known-options.js';
import type { Consumer } from './consumer.js';
import { readAgainKey } from './message-identity.js';
import { QUARANTINED, type QuarantinedMessage } from './received-events.js';

const OF = { transport: maybe(text), topic: maybe(text), key: maybe(text) };
/** All are said in so many words: an empty filter may be one whose parameters got lost. */
const CHANGE = { ...OF, all: maybe(must<true>('true', (value) => value === true)) };
const LIST = { ...OF, after: opt(whole(0), 0), limit: opt(whole(1, 10_000), 100) };

/** Which messages: those that have all of what is given. */
export interface QuarantineFilter {
  /** What the transport is called in the option `transports`. */
  transport?: string;
  topic?: string;
  /** The key of the quarantined event. */
  key?: string;
}

export interface QuarantineListOptions extends QuarantineFilter {
  /** Events behind this position. Default 0: from the start. */
  after?: number;
  /** At most this many. Default 100. */
  limit?: number;
}

/** A message that could not be read, and was not read since. */
export interface QuarantinedEntry {
  /** The key of the event that stands for it. */
  readonly key: string;
  readonly position: number;
  readonly recordedAt: Date;
  /** The message's own time. */
  readonly occurredAt: Date;
  readonly transport: string;
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  /** Why it could not be read, and what it held. */
  readonly message: QuarantinedMessage;
}

/** What came of messages that were read again. */
export interface QuarantineRetry {
  /** Of how many there is an event now. */
  readonly recorded: number;
  /** Those that can still not be read, by the key of the event that stands for each. */
  readonly failed: readonly { readonly key: string; readonly error: string }[];
}

export interface QuarantineParts {
  readonly log: {
    read(options: { groups: readonly string[]; after?: number }): AsyncIterable<RecordedEvent>;
    get(key: string): Promise<RecordedEvent | undefined>;
  };
  readonly consumers: { readonly all: readonly Consumer[] };
}

/** Messages that could not be read when they were received. */
export class Quarantine {
  constructor(private readonly parts: QuarantineParts) {}

  async list(options?: QuarantineListOptions): Promise<QuarantinedEntry[]> {
    const { after, limit, ...filter } = resolved(LIST, options, { where: 'Transports.quarantined' });
    const entries: QuarantinedEntry[] = [];
    for await (const entry of this.entries(filter, after)) {
      entries.push(entry);
      if (entries.length === limit) break;
    }
    return entries;
  }

  async retry(filter: QuarantineFilter | { all: true }): Promise<QuarantineRetry> {
    const failed: { key: string; error: string }[] = [];
    let recorded = 0;
    for await (const entry of this.entries(filterOf(filter), 0)) {
      const error = await this.readAgain(entry);
      if (error === undefined) recorded++;
      else failed.push({ key: entry.key, error });
    }
    return { recorded, failed };
  }

  /** Why it cannot be read; undefined where it was. */
  private async readAgain(entry: QuarantinedEntry): Promise<string | undefined> {
    const { transport, topic, partition, offset, message } = entry;
    const { value, key, headers } = message;
    if (!value) return 'its bytes were not kept';
    const consumer = this.parts.consumers.all.find((one) => one.receives(transport, topic));
    if (!consumer) return `no consumer of this process receives topic ${topic} of transport ${transport}`;
    const received = { topic, partition, offset, value, headers, timestamp: entry.occurredAt };
    try {
      await consumer.recordAgain(key ? { ...received, key } : received, entry.key);
      return undefined;
    } catch (error) {
      return errorText(error);
    }
  }

  private async *entries(filter: Filter, after: number): AsyncGenerator<QuarantinedEntry> {
    const { log } = this.parts;
    for await (const event of log.read({ groups: [QUARANTINED], after })) {
      const entry = entryOf(event as RecordedEvent<QuarantinedMessage>);
      if (entry && matches(entry, filter) && !(await log.get(readAgainKey(entry.key)))) yield entry;
    }
  }
}

type Filter = ResolvedOf<typeof OF>;

/** Undefined where nothing of it is left. */
function entryOf(event: RecordedEvent<QuarantinedMessage>): QuarantinedEntry | undefined {
  const { key, position, recordedAt, occurredAt, metadata, data, pruned } = event;
  const source = metadata.source as MessageSource | undefined;
  return pruned || !source ? undefined : { key, position, recordedAt, occurredAt, ...source, message: data };
}

function matches(entry: QuarantinedEntry, { transport, topic, key }: Filter): boolean {
  return (
    (transport === undefined || entry.transport === transport) &&
    (topic === undefined || entry.topic === topic) &&
    (key === undefined || entry.key === key)
  );
}

function filterOf(filter: QuarantineFilter | { all: true }): Filter {
  const where = 'Transports.retryQuarantined';
  const { all, ...given } = resolved(CHANGE, filter, { where });
  assertNoneUndefined(filter ?? {}, where);
  const isAny = Object.values(given).some((value) => value !== undefined);
  if (isAny !== (all === true)) return given;
  const expected = `one of ${Object.keys(OF).join(', ')} at least, or { all: true } alone`;
  throw new InvalidOptionError('the filter', expected, describe(filter), where);
}
