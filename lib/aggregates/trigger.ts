import { type Aggregate, PENDING } from './aggregate.js';
import { checkedCopy } from './checked-copy.js';
import { AggregateClosedError, AggregateEventCallError } from './errors.js';
import { acceptedData } from './event-class.js';
import { dataOf, type EventMethod, labelOf, nameOf } from './event-method.js';
import { eventTime } from './event-time.js';
import { apply, isClosed, isInBody, undo } from './lineage.js';

/**
 * A call of an event method: the body runs on a copy of the argument, and the event is pending. Where the body throws, the
 * aggregate is as it was before. Throws `AggregateEventCallError`, `AggregateClosedError` and `PayloadEncodingError`, too.
 */
export function trigger(aggregate: Aggregate, method: EventMethod, args: readonly unknown[]): unknown {
  if (isInBody()) {
    const problem = 'the body of another event is running, and would run it again whenever that is replayed.';
    throw new AggregateEventCallError(labelOf(method), problem);
  }
  if (isClosed(aggregate)) throw new AggregateClosedError(aggregate.id);
  const data = checkedCopy(acceptedData(method, dataOf(method, args)));
  const before = aggregate.version;
  const [version, at, closes] = [before + 1, eventTime(), method.options.closes ?? false];
  try {
    const result = apply(aggregate, { method, version, at, closes, data: () => checkedCopy(data) });
    aggregate[PENDING].push({ name: nameOf(method), version, data, occurredAt: at });
    return result;
  } catch (error) {
    undo(aggregate, before);
    throw error;
  }
}
