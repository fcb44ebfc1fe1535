/** What is stored instead of an entity: its class and the values of its primary key, by property name. */
export interface EntityReference {
  entity: string;
  /** Which of the classes of that name; not in what earlier releases stored. */
  table?: string;
  /** Any values that a payload may hold, such as `Date`, `bigint` or `Buffer`, but no entities. */
  id: Record<string, unknown>;
  /** The values are those before the columns' transformers, which make objects of them. */
  stored?: true;
}

/** What is stored of an entity by value. */
export interface EntitySnapshot {
  entity: string;
  table?: string;
  /** Values by property name, embedded objects as nested plain objects. */
  columns: Record<string, unknown>;
  /** By property path: values before the columns' transformers, which make objects of them. */
  stored?: Record<string, unknown>;
}

/** What the payload has to know about the application's entities. */
export interface EntityPort {
  /**
   * The reference of an entity instance; undefined when the value is no entity. Asked for class instances only:
   * a plain object is always stored by value. Throws a typed error when the entity has no primary key yet.
   */
  reference(value: object): EntityReference | undefined;
  /** Whether it is an entity instance, with or without a primary key. Asked for class instances only. */
  isEntity(value: object): boolean;
  /** The instance's column values, of an entity instance only. */
  snapshot(value: object): EntitySnapshot;
  /** An instance of the entity's class with these values. */
  restore(snapshot: EntitySnapshot): object;
}

/** Loads entities afresh: one result per reference, in their order, null for an entity that is gone. */
export type EntityLoader = (references: readonly EntityReference[]) => Promise<readonly (object | null)[]>;
