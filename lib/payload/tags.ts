/**
 * The stored form of what JSON cannot hold: `{"$type": <tag>, "value": <its JSON>}`.
 *
 * A user's object that has a `$type` itself is stored as the value of the tag `object`, where it is no tag: so
 * whatever has a `$type` anywhere else is one of ours.
 */
export const TYPE_KEY = '$type';

/** Tags with a meaning of their own, beside the names of types. */
export const TAG = {
  /** A plain object that would look like a tagged one. */
  object: 'object',
  /** A plain object without a prototype. */
  nullObject: 'null-object',
  /** A reference to an entity. */
  entity: 'entity',
  /** An entity by value: its name and columns. */
  snapshot: 'snapshot',
  /** Encrypted with the key of a data subject. */
  personal: 'personal',
  /** What stands for something personal to somebody who has been forgotten. */
  erased: 'erased',
} as const;

/** The JSON value of a tagged object, as parsed. */
export interface TaggedJson {
  [TYPE_KEY]: string;
  value: unknown;
}

export function isTagged(json: object): json is TaggedJson {
  return Object.hasOwn(json, TYPE_KEY);
}
