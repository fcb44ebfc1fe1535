import type { QueryRunner } from 'typeorm';
import type { AggregateRecordedEvent } from '../core/event.js';
import { streamName, versionOf } from '../core/stream.js';
import type { Seen } from '../payload/personal-values.js';
import type { StreamRange } from '../store/log/stream-reader.js';
import type { ReplayableEvent, StoredEvent } from '../store/ports/rows.js';
import type { Aggregate } from './aggregate.js';
import type { AggregateDefinition } from './aggregate-definition.js';
import type { ApplicationParts } from './aggregate-parts.js';
import { checkedCopy } from './checked-copy.js';
import { factsOf } from './event-facts.js';
import { firstThenAgain } from './first-then-again.js';
import { beginAt, initial, noteSubjects } from './lineage.js';
import { replay } from './replay.js';

/** Events in one page. */
export const PAGE = 2500;

/** Which part of a stream is read, and as whose transaction sees it. */
export interface LoadRange {
  after?: number;
  upTo?: number | undefined;
  runner?: QueryRunner | undefined;
}

/** Where an aggregate can be begun from, later than at its start. */
export interface Beginnings<T extends Aggregate> {
  /** The latest at or below the version; undefined where it is to be begun from nothing. */
  latest(id: string, upTo: number | undefined, runner: QueryRunner | undefined): Promise<T | undefined>;
  /** The aggregate was loaded as it is for everybody, begun at this version. */
  loaded(aggregate: T, from: number): void;
}

type ReadPage<E> = (stream: string, range: StreamRange, runner?: QueryRunner) => Promise<E[]>;

/** Makes aggregates of one type of their events. */
export class AggregateLoads<T extends Aggregate> {
  constructor(
    private readonly parts: ApplicationParts,
    private readonly definition: AggregateDefinition<T>,
    private readonly beginnings: Beginnings<T>,
  ) {}

  /** Undefined where there is none, or where it has not come to the version. */
  async load(id: string, { upTo, runner }: LoadRange = {}): Promise<T | undefined> {
    const { type } = this.definition;
    const begun = await this.beginnings.latest(id, upTo, runner);
    const aggregate = begun ?? beginAt(() => initial(type, id));
    const from = aggregate.version;
    if (from !== upTo) await this.continue(aggregate, { upTo, runner });
    if (upTo === undefined && !runner && aggregate.version > 0) this.beginnings.loaded(aggregate, from);
    return aggregate.version === 0 || (upTo !== undefined && aggregate.version < upTo)
      ? undefined
      : aggregate;
  }

  /** Replays what the aggregate has not had. */
  async continue(aggregate: T, range: LoadRange = {}): Promise<void> {
    const { definition, parts } = this;
    let personal = 0;
    const seen: Seen = (subject, isLive) => {
      personal++;
      if (isLive) noteSubjects(aggregate, [subject]);
    };
    const read: ReadPage<ReplayableEvent> = (...asked) => parts.streams.replayable(...asked);
    for await (const page of this.pages(read, aggregate.id, { ...range, after: aggregate.version }))
      for (const event of page) {
        const before = personal;
        const data = parts.reader.data(event, seen, range.runner);
        const first: unknown = data instanceof Promise ? await data : data;
        // What may have to be waited for cannot be made again when somebody asks for it.
        const isOnce = data instanceof Promise || personal > before;
        const again = isOnce ? copies(first) : firstThenAgain(first, () => parts.reader.data(event));
        const { key, group, occurredAt, metadata } = event;
        const { closes } = factsOf(metadata);
        replay(aggregate, definition, { key, group, occurredAt, closes, data: again });
      }
  }

  async *events(id: string, range: LoadRange = {}): AsyncGenerator<AggregateRecordedEvent, void, undefined> {
    const read: ReadPage<StoredEvent> = (...asked) => this.parts.streams.page(...asked);
    for await (const page of this.pages(read, id, range))
      for (const event of page)
        yield (await this.parts.reader.recorded(event, range.runner)) as AggregateRecordedEvent;
  }

  /** While a page is replayed, the next one is on its way; in a transaction none is read before it is asked for. */
  private async *pages<E extends { key: string }>(
    page: ReadPage<E>,
    id: string,
    { after = 0, upTo, runner }: LoadRange,
  ): AsyncGenerator<E[]> {
    const stream = streamName(this.parts.application, id);
    const range = { limit: PAGE, ...(upTo === undefined ? {} : { upTo }) };
    const read = (last: number) => page(stream, { ...range, after: last }, runner);
    let reading = read(after);
    for (;;) {
      const events = await reading;
      const next = events.length < PAGE ? undefined : versionOf(events.at(-1)!);
      if (next !== undefined && !runner) reading = unheard(read(next));
      if (events.length > 0) yield events;
      if (next === undefined) return;
      if (runner) reading = read(next);
    }
  }
}

/** Whoever stops before its end does not hear of it. */
function unheard<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  return promise;
}

function copies(data: unknown): () => unknown {
  return () => checkedCopy(data);
}
