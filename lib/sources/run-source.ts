import type { EntityMetadata } from 'typeorm';
import type { EventInput } from '../core/event.js';
import { collectEvents } from './collect-events.js';
import { SourceFailedError } from './errors.js';
import type { RegisteredSource } from './registered-source.js';
import type { SourceContext } from './source-context.js';

/**
 * The events of one source for one row, at once where the source does not wait; throws, or rejects with,
 * `SourceFailedError`, whose cause says why.
 */
export function runSource(
  source: RegisteredSource,
  metadata: EntityMetadata,
  row: object,
  context: SourceContext,
): EventInput[] | Promise<EventInput[]> {
  try {
    const events = collectEvents(source.run(row, context));
    return events instanceof Promise ? inTime(events, source, metadata, row, context) : events;
  } catch (error) {
    throw failed(source, metadata, row, context, error);
  }
}

/** Apart, so that no closure is made where the source does not wait. */
function inTime(
  events: Promise<EventInput[]>,
  source: RegisteredSource,
  metadata: EntityMetadata,
  row: object,
  context: SourceContext,
): Promise<EventInput[]> {
  return events.catch((error: unknown) => {
    throw failed(source, metadata, row, context, error);
  });
}

function failed(
  source: RegisteredSource,
  metadata: EntityMetadata,
  row: object,
  { reason }: SourceContext,
  error: unknown,
): SourceFailedError {
  return new SourceFailedError(source.name, metadata.name, metadata.getEntityIdMixedMap(row), reason, error);
}
