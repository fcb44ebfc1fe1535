import type { EntityManager } from 'typeorm';
import type { EventInput } from '../core/event.js';

/** What may happen to a row, as `on` of a source names it. */
export type WriteReason = 'insert' | 'update' | 'remove' | 'soft-remove' | 'recover';

/** Why a source is run: a write of the row, or a re-scan that came across it. */
export type SourceReason = WriteReason | 'rescan';

/** What a model event source is told beside the entity. */
export interface SourceContext {
  readonly reason: SourceReason;
  /** The application's clock, read once per source call. */
  readonly now: Date;
  /** Bound to the transaction that saves the entity; in a re-scan the DataSource's own, for reading. */
  readonly manager: EntityManager;
  /** Names of the changed properties, relations included; undefined on insert, remove and re-scan. */
  readonly changed?: readonly string[];
}

type Events = EventInput | Iterable<EventInput> | AsyncIterable<EventInput> | void | undefined;

/** Events from a generator, an async generator, an array or alone; a promise of one of these; or nothing. */
export type SourceResult = Events | Promise<Events>;
