import { describe } from '../core/describe.js';
import { eventTypeNameOf, synchronousOf } from '../core/event-types.js';
import { assertPersonalParts } from '../core/personal.js';
import { AggregateEventCallError, InvalidAggregateError } from './errors.js';
import { type EventMethod, labelOf } from './event-method.js';

/** Throws `InvalidAggregateError` where a class stands for the event that cannot. */
export function assertEventClass({ event }: EventMethod, label: string): void {
  if (typeof event === 'string') return;
  if (eventTypeNameOf(event) === undefined)
    throw new InvalidAggregateError(
      label,
      `expected the class of its event to be decorated with @EventType, got ${describe(event)}.`,
    );
  assertPersonalParts(event);
  const reason = synchronousOf(event)?.whyNot();
  if (reason === undefined) return;
  const problem = `its event's class ${event.name} has to be asked synchronously, but ${reason}.`;
  throw new InvalidAggregateError(label, problem);
}

/** The data as the event's class accepts it. Throws `EventValidationError`, and `AggregateEventCallError` for what is no object. */
export function acceptedData(method: EventMethod, data: unknown): unknown {
  const { event } = method;
  const synchronous = typeof event === 'string' ? undefined : synchronousOf(event);
  if (!synchronous) return data;
  if (typeof data !== 'object' || data === null || Array.isArray(data))
    throw new AggregateEventCallError(labelOf(method), `expected an object, got ${describe(data)}.`);
  return { ...synchronous.accept(data) };
}
