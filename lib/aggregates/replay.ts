import { aggregateIdOf, streamOfKey } from '../core/stream.js';
import type { Aggregate } from './aggregate.js';
import type { AggregateDefinition } from './aggregate-definition.js';
import { AggregateSequenceError, UnknownAggregateTypeError } from './errors.js';
import { apply } from './lineage.js';

/** An event of a stream that is to be replayed. */
export interface ReplayedEvent {
  readonly key: string;
  readonly group: string;
  readonly occurredAt: number;
  readonly closes: boolean;
  /** Its data, as a copy for whoever asks. */
  readonly data: () => unknown;
}

/** Does to the aggregate what the event did. Throws `AggregateSequenceError` or `UnknownAggregateTypeError`. */
export function replay(aggregate: Aggregate, definition: AggregateDefinition, event: ReplayedEvent): void {
  const { key, group, closes, data } = event;
  const place = streamOfKey(key);
  const id = place && aggregateIdOf(place.name);
  if (!place || id !== aggregate.id)
    throw new AggregateSequenceError(
      place?.name ?? key,
      `events of "${aggregate.id}"`,
      `one of "${id ?? key}"`,
    );
  const next = aggregate.version + 1;
  if (place.version !== next)
    throw new AggregateSequenceError(place.name, `version ${next} next`, `version ${place.version}`);
  const known = definition.groups.get(group);
  if (!known) {
    const groups = [...definition.events.keys()].map((name) => `${definition.name}.${name}`);
    throw new UnknownAggregateTypeError(group, place.name.slice(0, -id.length - 1), groups);
  }
  const at = new Date(event.occurredAt);
  apply(aggregate, { method: known.method, version: next, at, closes, data });
}
