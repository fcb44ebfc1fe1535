import { assertEventInput } from '../core/event-input.js';
import type { EventInput } from '../core/event.js';

/** The events of whatever a source returned, each checked; rejects as the source does, or `InvalidEventError`. */
export async function collectEvents(returned: unknown): Promise<EventInput[]> {
  const result = await returned;
  if (result === undefined || result === null) return [];
  const events: EventInput[] = [];
  if (isAsyncIterable(result)) for await (const value of result) events.push(checked(value));
  else if (isIterable(result)) for (const value of result) events.push(checked(value));
  else events.push(checked(result));
  return events;
}

function checked(value: unknown): EventInput {
  assertEventInput(value);
  return value;
}

function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}

function isIterable(value: unknown): value is Iterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.iterator in value;
}
