import type { EntityLoader, EntityReference } from './entity-port.js';
import { MissingEntityError, PayloadDecodingError } from './errors.js';
import { TAG, isTagged } from './tags.js';

/** What a reader gets for a reference to an entity that is gone: null, or a `MissingEntityError`. */
export type MissingEntity = 'null' | 'error';

/** Two references to one entity have the same stored form, because an entity gives its id in the same order each time. */
export function referenceKey(stored: unknown): string {
  return JSON.stringify(stored);
}

/** The stored form of every entity reference in a payload's JSON, each once, by its key. */
export function findReferences(
  json: unknown,
  found = new Map<string, unknown>(),
): ReadonlyMap<string, unknown> {
  if (typeof json !== 'object' || json === null) return found;
  if (!isTagged(json)) {
    for (const value of Object.values(json)) findReferences(value, found);
  } else if (json.$type === TAG.entity) {
    found.set(referenceKey(json.value), json.value);
  } else if (json.$type === TAG.object || json.$type === TAG.nullObject) {
    // Its `$type` is the user's.
    for (const value of Object.values(json.value as object)) findReferences(value, found);
  } else {
    findReferences(json.value, found);
  }
  return found;
}

/** Loads the entities in one call, or in none when there are none; by the keys of the references. */
export async function loadEntities(
  references: ReadonlyMap<string, EntityReference>,
  load: EntityLoader,
  missing: MissingEntity,
  secret: boolean,
): Promise<ReadonlyMap<string, object | null>> {
  if (references.size === 0) return new Map();
  const loaded = await load([...references.values()]);
  if (loaded.length !== references.size) {
    throw new PayloadDecodingError(
      `${references.size} entities were to be loaded, but the loader gave ${loaded.length}`,
    );
  }
  const entities = [...references].map(([key, reference], index) => {
    const entity = loaded[index] ?? null;
    if (entity === null && missing === 'error')
      throw new MissingEntityError(reference.entity, secret ? {} : reference.id);
    return [key, entity] as const;
  });
  return new Map(entities);
}
