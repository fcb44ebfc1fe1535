import type { Tables } from '../../../ports/tables.js';
import { createTaggedFunction, dropTaggedFunction } from '../tagged-function.js';

/** Events are read by their tags with a plan that is kept. */
export function tagged(t: Tables): string[] {
  return [createTaggedFunction(t)];
}

export function dropTagged(t: Tables): string[] {
  return [dropTaggedFunction(t)];
}
