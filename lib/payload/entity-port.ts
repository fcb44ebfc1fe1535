/** What is stored instead of an entity: its name and the values of its primary key, by property name. */
export interface EntityReference {
  entity: string;
  /** Any values that a payload may hold, such as `Date`, `bigint` or `Buffer`, but no entities. */
  id: Record<string, unknown>;
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
  /** The instance's column values by property name, embedded objects as nested plain objects: a snapshot. */
  columns(value: object): Record<string, unknown>;
  /** An instance of the entity's class with these values. */
  restore(entity: string, columns: Record<string, unknown>): object;
}

/** Loads entities afresh: one result per reference, in their order, null for an entity that is gone. */
export type EntityLoader = (references: readonly EntityReference[]) => Promise<readonly (object | null)[]>;
