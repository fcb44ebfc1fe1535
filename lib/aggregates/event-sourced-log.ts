import { setTimeout as wait } from 'node:timers/promises';
import type { EntityManager } from 'typeorm';
import { describe } from '../core/describe.js';
import { InvalidOptionError } from '../core/errors.js';
import type { AggregateRecordedEvent } from '../core/event.js';
import { streamKey } from '../core/event-input.js';
import { assertKnownOptions } from '../core/options/known-options.js';
import { streamName, versionOf } from '../core/stream.js';
import type { Pipeline } from '../payload/pipeline.js';
import { ConcurrencyError } from '../store/ports/errors.js';
import type { ApplicationParts } from './aggregate-parts.js';
import { asConcurrencyError } from './conflicts.js';
import { AggregateClosedError } from './errors.js';
import { factsOf } from './event-facts.js';

const PAGE = 500;
/** Milliseconds, at most, before an event is tried again for the first time; doubled each time. */
const PAUSE = 8;

export interface TriggerOptions {
  /** The event is recorded in this manager's transaction: if and only if it commits. */
  manager?: EntityManager;
  /** When it happened. Default: now. */
  occurredAt?: Date;
  /** Nothing can be written to the stream after this event. Default false. */
  closes?: boolean;
}

export interface LogReadOptions {
  /** Events behind this version; backwards, before it. Default: from the start, or the end. */
  from?: number;
  /** The last first. Default false. */
  backwards?: boolean;
  /** At most this many. */
  limit?: number;
}

/** A stream of events without a class: what belongs together, in order, with nothing to be made of it. */
export class EventSourcedLog {
  private readonly stream: string;

  constructor(
    private readonly parts: ApplicationParts & { pipeline?: Pipeline | undefined },
    /** The group of its events is `<name>.<event>`. */
    readonly name: string,
    private readonly attempts: number,
  ) {
    this.stream = streamName(parts.application, name);
  }

  /**
   * Records an event behind the last one, whoever else does so at the same time. Throws `AggregateClosedError` where the
   * stream was ended, `ConcurrencyError` after many conflicts, and what `EventLog.append` throws.
   */
  async trigger(
    event: string,
    data?: unknown,
    options: TriggerOptions = {},
  ): Promise<AggregateRecordedEvent> {
    assertKnownOptions(options, ['manager', 'occurredAt', 'closes'], 'EventSourcedLog.trigger');
    await this.parts.ready();
    const isInside = (options.manager?.queryRunner ?? this.parts.database.joined()) !== undefined;
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.append(event, data, options);
      } catch (error) {
        const isOver = isInside && (error as Error).cause !== undefined;
        if (!(error instanceof ConcurrencyError) || attempt >= this.attempts || isOver) throw error;
      }
      await wait(this.parts.random() * PAUSE * 2 ** attempt);
    }
  }

  /** Its events, from a version on, forwards or backwards. */
  async *read(options: LogReadOptions = {}): AsyncGenerator<AggregateRecordedEvent, void, undefined> {
    const { from, backwards = false, limit = Infinity } = checkedRead(options);
    await this.parts.ready();
    let left = limit;
    for (let version = from; left > 0;) {
      const size = Math.min(PAGE, left);
      const bound = version === undefined ? {} : backwards ? { upTo: version - 1 } : { after: version };
      const range = { ...bound, limit: size, backwards };
      const runner = this.parts.database.joined();
      const page = await this.parts.streams.page(this.stream, range, runner);
      for (const stored of page)
        yield (await this.parts.reader.recorded(stored, runner)) as AggregateRecordedEvent;
      if (page.length < size) return;
      left -= page.length;
      version = versionOf(page.at(-1)!);
    }
  }

  /** Undefined where there is none. */
  first(): Promise<AggregateRecordedEvent | undefined> {
    return this.one({ limit: 1 });
  }

  /** Undefined where there is none. */
  last(): Promise<AggregateRecordedEvent | undefined> {
    return this.one({ limit: 1, backwards: true });
  }

  private async one(options: LogReadOptions): Promise<AggregateRecordedEvent | undefined> {
    const { value } = await this.read(options).next();
    return value ?? undefined;
  }

  private async append(
    event: string,
    data: unknown,
    options: TriggerOptions,
  ): Promise<AggregateRecordedEvent> {
    const { store, streams, database } = this.parts;
    const { manager, occurredAt, closes } = options;
    const [result] = await store.on(manager, async (runner) => {
      const last = await streams.last(this.stream, runner);
      if (last && factsOf(last.metadata).closes) throw new AggregateClosedError(this.name);
      const stream = { name: this.stream, version: last ? versionOf(last) + 1 : 1 };
      const input = {
        group: `${this.name}.${event}`,
        key: streamKey(stream),
        data,
        orderKey: this.stream,
        ...(occurredAt ? { occurredAt } : {}),
        ...(closes ? { metadata: { closes } } : {}),
      };
      return store
        .record([{ input, stream, source: 'EventSourcedLog.trigger', pipeline: this.parts.pipeline }], runner)
        .catch((error: unknown) => {
          throw asConcurrencyError(database, error, stream);
        });
    });
    return result!.event as AggregateRecordedEvent;
  }
}

function checkedRead(options: LogReadOptions): LogReadOptions {
  const where = 'EventSourcedLog.read';
  assertKnownOptions(options, ['from', 'backwards', 'limit'], where);
  const { from = 0, limit = 1 } = options;
  if (!Number.isSafeInteger(from) || from < 0)
    throw new InvalidOptionError('from', 'a version', describe(from), where);
  if (!(Number.isInteger(limit) || limit === Infinity) || limit < 0)
    throw new InvalidOptionError('limit', 'a whole number, 0 or more', describe(limit), where);
  return options;
}
