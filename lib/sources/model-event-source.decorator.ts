import 'reflect-metadata';
import type { EntitySchema, FindOptionsRelations, FindOptionsWhere, ObjectLiteral } from 'typeorm';
import type { SourceContext, SourceResult, WriteReason } from './source-context.js';

const METADATA = Symbol('model event sources');

/** An entity class (abstract ones and base classes of entities included) or an `EntitySchema`. */
export type SourceEntity<E> = (abstract new (...args: never[]) => E) | EntitySchema<E>;

export type RescanWhere<E> = FindOptionsWhere<E> | FindOptionsWhere<E>[];
export type RescanWhereAt<E> = (context: { now: Date }) => RescanWhere<E>;

/** Which rows a re-scan passes through the source, and how. */
export interface SourceRescanOptions<E> {
  /**
   * As in `find`, or a function that gives that, called once for each run of the re-scan. Default: every row that is not
   * soft-removed.
   */
  where?: RescanWhere<E> | RescanWhereAt<E>;
  /** Loaded with each row of a re-scan, as in `find`. Default: `relations` of the source. */
  relations?: FindOptionsRelations<E>;
  /** Rows per page. Default: `rescan.batchSize` of the module. */
  batchSize?: number;
}

export interface ModelEventSourceOptions<E> {
  /** What makes the source run. Default `['insert', 'update']`. A re-scan runs those with one of these two. */
  on?: readonly WriteReason[];
  /** Unique in the application; stored with each event. Default `Class.method`. */
  name?: string;
  /**
   * The properties that its events depend on: a bulk update of others asks for no re-scan. Default: all. A save
   * always runs the source; `changed` of the context says what it changed.
   */
  columns?: readonly (keyof E & string)[];
  /** Its events have the tag of their entity, `Challenge:17`: see `tagOf`. Default true. */
  tagged?: boolean;
  /**
   * Loaded with each entity, as in `find`: the source has them whoever saved it, and in a re-scan. Not beside `'remove'`.
   * Default: the eager ones, and those that the saved object happens to have.
   */
  relations?: FindOptionsRelations<E>;
  /** False: never re-scanned. */
  rescan?: SourceRescanOptions<E> | false;
  /** Name of the TypeORM DataSource. Default: every one that this module is set up for and that has the entity. */
  dataSource?: string;
}

/** What `@ModelEventSource` notes on a method. */
export interface SourceMetadata {
  entity: SourceEntity<ObjectLiteral>;
  options: ModelEventSourceOptions<ObjectLiteral>;
}

type SourceMethod<E> = (entity: E, context: SourceContext) => SourceResult;

/**
 * Makes a provider's method the source of an entity's events: it is called with each entity that is saved, inside the
 * transaction that saves it, and by the re-scan; the events that it yields are recorded once per key. Several may
 * stand on one method. Only notes metadata: options are checked when the application starts.
 */
export function ModelEventSource<E extends ObjectLiteral>(
  entity: SourceEntity<E>,
  options: ModelEventSourceOptions<E> = {},
) {
  return <M extends SourceMethod<E>>(
    _prototype: object,
    _method: string | symbol,
    descriptor: TypedPropertyDescriptor<M>,
  ): void => {
    const method = descriptor.value!;
    const below = (Reflect.getOwnMetadata(METADATA, method) ?? []) as SourceMetadata[];
    Reflect.defineMetadata(METADATA, [{ entity, options }, ...below], method);
  };
}

/** What `@ModelEventSource` noted on the method, topmost first; empty when there is none. */
export function sourceMetadataOf(prototype: object, method: string | symbol): readonly SourceMetadata[] {
  const value = (prototype as Record<string | symbol, unknown>)[method];
  if (typeof value !== 'function') return [];
  return (Reflect.getOwnMetadata(METADATA, value) ?? []) as SourceMetadata[];
}
