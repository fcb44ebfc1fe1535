import type { DeliveryId } from '../store/ports/dialect.js';

/** A delivery as the key of a map. */
export function keyOf({ handlerId, position }: DeliveryId): string {
  return `${handlerId}:${position}`;
}
