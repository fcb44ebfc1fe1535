import { assertEventInput } from '../core/event-input.js';
import type { EventInput } from '../core/event.js';

/**
 * The events of whatever a source returned, each checked: at once where the source does not wait, since a promise costs
 * more than many a source. Throws, or rejects, as the source does, or `InvalidEventError`.
 */
export function collectEvents(returned: unknown): EventInput[] | Promise<EventInput[]> {
  if (returned === undefined || returned === null) return [];
  if (isPromise(returned)) return Promise.resolve(returned).then(collectEvents);
  if (isAsyncIterable(returned)) return collectInTime(returned);
  if (!isIterable(returned)) return [checked(returned)];
  let events: EventInput[] | undefined;
  for (const value of returned) {
    // An array that grows makes room for 17: mostly there is one.
    if (events) events.push(checked(value));
    else events = [checked(value)];
  }
  return events ?? [];
}

async function collectInTime(returned: AsyncIterable<unknown>): Promise<EventInput[]> {
  const events: EventInput[] = [];
  for await (const value of returned) events.push(checked(value));
  return events;
}

function checked(value: unknown): EventInput {
  assertEventInput(value);
  return value;
}

function isPromise(value: object): value is PromiseLike<unknown> {
  return typeof (value as { then?: unknown }).then === 'function';
}

function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}

function isIterable(value: unknown): value is Iterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.iterator in value;
}
