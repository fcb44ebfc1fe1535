import type { EntityMetadata } from 'typeorm';
import type { EventInput } from '../core/event.js';
import { collectEvents } from './collect-events.js';
import { SourceFailedError } from './errors.js';
import type { RegisteredSource } from './registered-source.js';
import type { SourceContext } from './source-context.js';

/** The events of one source for one row; rejects with `SourceFailedError`, whose cause says why. */
export async function runSource(
  source: RegisteredSource,
  metadata: EntityMetadata,
  row: object,
  context: SourceContext,
): Promise<EventInput[]> {
  try {
    return await collectEvents(source.run(row, context));
  } catch (error) {
    throw new SourceFailedError(
      source.name,
      metadata.name,
      metadata.getEntityIdMixedMap(row),
      context.reason,
      error,
    );
  }
}
