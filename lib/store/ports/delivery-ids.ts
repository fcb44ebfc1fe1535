import type { DeliveryId } from './dialect.js';

/** The positions of each handler's deliveries. */
export function positionsByHandler(ids: readonly DeliveryId[]): Map<number, number[]> {
  const groups = new Map<number, number[]>();
  for (const { handlerId, position } of ids) {
    const positions = groups.get(handlerId);
    if (positions) positions.push(position);
    else groups.set(handlerId, [position]);
  }
  return groups;
}
