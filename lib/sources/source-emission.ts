import type { EntityMetadata } from 'typeorm';
import type { EventInput } from '../core/event.js';
import type { Emission } from '../store/log/event-recorder.js';
import { entityTag } from '../store/typeorm/entity-tag.js';
import type { RegisteredSource } from './registered-source.js';

/** What a source yielded for a row, on its way into the log. */
export function sourceEmission(
  { name, tagged }: RegisteredSource,
  metadata: EntityMetadata,
  row: object,
  input: EventInput,
): Emission {
  return { input, source: name, ...(tagged ? { tags: [entityTag(metadata, row)] } : {}) };
}
