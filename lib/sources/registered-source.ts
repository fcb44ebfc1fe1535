import type { EntityMetadata, FindOptionsRelations, ObjectLiteral } from 'typeorm';
import type { SourceRescanOptions } from './model-event-source.decorator.js';
import type { SourceContext, SourceReason } from './source-context.js';

/** A model event source, checked and bound to its provider. */
export interface RegisteredSource {
  readonly name: string;
  /** `Class.method`, for messages. */
  readonly place: string;
  readonly on: ReadonlySet<SourceReason>;
  /** Undefined: all. */
  readonly columns?: ReadonlySet<string>;
  /** Its events have the tag of their entity. */
  readonly tagged: boolean;
  /** Loaded with each row that it is given; undefined: what the saved object has. */
  readonly relations?: FindOptionsRelations<ObjectLiteral>;
  /** Undefined: not re-scanned. */
  readonly rescan?: SourceRescanOptions<ObjectLiteral>;
  /** Its author has said what a re-scan is to find. */
  readonly hasOwnRescan?: boolean;
  /** The entity and the entities derived from it. */
  readonly classes: readonly EntityMetadata[];
  /** It may wait, for a write of its own perhaps or for its relations; false for a generator that is not async. */
  readonly waits: boolean;
  /** What the method returned; see `SourceResult`. */
  run(entity: object, context: SourceContext): unknown;
}

/** Whether a re-scan finds what the source would have said to an insert or update. */
export function isRescanned(source: RegisteredSource): boolean {
  return source.rescan !== undefined && (source.on.has('insert') || source.on.has('update'));
}
