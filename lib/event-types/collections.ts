import { isPlainArray } from '../payload/value-shape.js';

type MapItem = (item: unknown, key: unknown) => unknown;

/**
 * An array, set or map with its items mapped; undefined when the value is none of these. `remember` is told of the new
 * one before its items are mapped, since they may lead back to it.
 */
export function mapped(value: object, map: MapItem, remember: (made: object) => void): object | undefined {
  if (isPlainArray(value)) return mappedArray(value, map, remember);
  const prototype = Object.getPrototypeOf(value) as object;
  if (prototype === Set.prototype) return mappedSet(value as Set<unknown>, map, remember);
  if (prototype === Map.prototype) return mappedMap(value as Map<unknown, unknown>, map, remember);
  return undefined;
}

/** Holes stay holes: they are refused where it is encoded. */
function mappedArray(value: readonly unknown[], map: MapItem, remember: (made: object) => void): object {
  const made = new Array<unknown>(value.length);
  remember(made);
  value.forEach((item, index) => (made[index] = map(item, index)));
  return made;
}

function mappedSet(value: Set<unknown>, map: MapItem, remember: (made: object) => void): object {
  const made = new Set<unknown>();
  remember(made);
  let index = 0;
  for (const item of value) made.add(map(item, index++));
  return made;
}

function mappedMap(value: Map<unknown, unknown>, map: MapItem, remember: (made: object) => void): object {
  const made = new Map<unknown, unknown>();
  remember(made);
  for (const [key, item] of value) made.set(key, map(item, key));
  return made;
}
