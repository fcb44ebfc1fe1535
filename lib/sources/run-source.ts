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
  const fail = (error: unknown): never => {
    const id = metadata.getEntityIdMixedMap(row);
    throw new SourceFailedError(source.name, metadata.name, id, context.reason, error);
  };
  try {
    const events = collectEvents(source.run(row, context));
    return events instanceof Promise ? events.catch(fail) : events;
  } catch (error) {
    return fail(error);
  }
}
