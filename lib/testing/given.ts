import { strict as assert } from 'node:assert';
import { Aggregate, type AggregateClass, PENDING } from '../aggregates/aggregate.js';
import { type AggregateDefinition, aggregateDefinition } from '../aggregates/aggregate-definition.js';
import { checkedCopy } from '../aggregates/checked-copy.js';
import { beginAt, initial } from '../aggregates/lineage.js';
import { replay } from '../aggregates/replay.js';
import { upcast } from '../aggregates/upcast-steps.js';
import type { RecordedEvent } from '../core/event.js';
import { streamKey } from '../core/event-input.js';
import { streamName } from '../core/stream.js';

/** An event in a test: its group, as `Dog.TrickAdded`, and its data. */
export interface TestEvent<T = unknown> {
  group: string;
  data?: T;
  /** Its key. Of an event that has happened, default: one of its own. Of one that follows, default: whatever it is. */
  key?: string;
  /** Its tags. Of an event that follows, default: whatever they are. */
  tags?: readonly string[];
  /** Of an event that has happened: when. Default: the beginning of 1970. */
  occurredAt?: Date;
  /** Of an event that has happened: the version in which its data is. Default: that of the code. */
  version?: number;
}

type Decided = TestEvent | readonly TestEvent[] | Aggregate | undefined | void;
type Thrown = RegExp | Error | (new (...args: never[]) => Error) | ((error: unknown) => boolean);

/** What a change came to: end the sentence with one of these. */
export interface Then<R> {
  /** Exactly these events follow, in this order: their groups and data are compared. */
  then(...events: TestEvent[]): R;
  /** It throws: an error of this class, or whose message matches, or of which this is true. */
  thenThrows(expected: Thrown): R;
}

export interface Given {
  /** A change of the aggregate that these events have made. */
  when<T extends Aggregate>(
    type: AggregateClass<T>,
    change: (aggregate: T) => unknown,
    id?: string,
  ): Then<void>;
  /**
   * A function that decides on what has happened, as `EventLog.decide` takes one: it is given all of the events, and returns events,
   * or an aggregate with pending ones.
   */
  when<T>(decide: (events: readonly RecordedEvent<T>[]) => Promise<Decided>): Then<Promise<void>>;
  when<T>(decide: (events: readonly RecordedEvent<T>[]) => Decided): Then<void>;
}

/**
 * Begins a sentence about an aggregate or a decision, without a database: `given(…events).when(Dog, (dog) => …).then(…events)`.
 * What does not hold is an `AssertionError`.
 */
export function given(...events: TestEvent[]): Given {
  const when = (first: unknown, change?: (aggregate: Aggregate) => unknown, id = 'aggregate') => {
    if (change) return thenOf(() => changed(first as AggregateClass, change, id, events));
    return thenOf(() => (first as (events: readonly RecordedEvent[]) => unknown)(events.map(asRecorded)));
  };
  return { when: when as Given['when'] };
}

function changed(
  type: AggregateClass,
  change: (aggregate: Aggregate) => unknown,
  id: string,
  events: readonly TestEvent[],
): Aggregate {
  const definition = aggregateDefinition(type);
  const aggregate = beginAt(() => initial(type, id));
  for (const event of events) happen(aggregate, definition, event);
  change(aggregate);
  return aggregate;
}

function happen(aggregate: Aggregate, definition: AggregateDefinition, event: TestEvent): void {
  const { group, data, occurredAt = new Date(0) } = event;
  const known = definition.events.get(group.slice(group.lastIndexOf('.') + 1));
  const current = known && upcast(group, data, event.version ?? known.version, known.version, known.steps);
  const key = streamKey({ name: streamName('test', aggregate.id), version: aggregate.version + 1 });
  replay(aggregate, definition, {
    key,
    group,
    occurredAt: occurredAt.getTime(),
    closes: known?.method.options.closes ?? false,
    data: () => checkedCopy(current),
  });
}

/** The work is done when the sentence has ended. */
function thenOf(work: () => unknown): Then<unknown> {
  return {
    then: (...expected) => {
      assert.ok(
        !expected.some((one) => typeof one === 'function'),
        'Expected then(…events): it is no promise.',
      );
      const compare = (result: unknown) => {
        const compared = eventsOf(result).map((event, index) => comparable(event, expected[index]));
        assert.deepEqual(
          compared,
          expected.map((event) => comparable(event, event)),
        );
      };
      const result = work();
      return result instanceof Promise ? result.then(compare) : compare(result);
    },
    thenThrows: (expected) => {
      let result: unknown;
      const run = () => {
        result = work();
        if (!(result instanceof Promise)) return;
        throw new Deferred();
      };
      try {
        assert.throws(run, (error) => error instanceof Deferred || matches(error, expected));
      } finally {
        if (result instanceof Promise) result.catch(() => undefined);
      }
      if (result instanceof Promise) return assert.rejects(result, (error) => matches(error, expected));
    },
  };
}

class Deferred extends Error {}

function matches(error: unknown, expected: Thrown): boolean {
  assert.throws(() => {
    throw error as Error;
  }, expected as RegExp);
  return true;
}

function eventsOf(result: unknown): readonly TestEvent[] {
  if (result instanceof Aggregate) return pendingOf(result);
  if (result === undefined || result === null) return [];
  return Array.isArray(result) ? (result as TestEvent[]) : [result as TestEvent];
}

function pendingOf(aggregate: Aggregate): TestEvent[] {
  const { name } = aggregateDefinition(aggregate.constructor as AggregateClass);
  return aggregate[PENDING].map((event) => ({ group: `${name}.${event.name}`, data: event.data }));
}

/** Key and tags where the expected event says what they are to be. */
function comparable({ group, data, key, tags }: TestEvent, expected: TestEvent | undefined): object {
  return {
    group,
    data,
    ...(expected?.key === undefined ? {} : { key }),
    ...(expected?.tags === undefined ? {} : { tags }),
  };
}

function asRecorded({ group, data, key, occurredAt = new Date(0) }: TestEvent, index: number): RecordedEvent {
  const own = key ?? `${group}_${index + 1}`;
  const metadata = Object.freeze({ correlationId: own });
  return Object.freeze({
    position: index + 1,
    key: own,
    group,
    data,
    metadata,
    occurredAt,
    recordedAt: occurredAt,
  });
}
