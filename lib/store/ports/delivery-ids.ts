/** A delivery as its worker names it when it gives it back. */
export interface DeliveryId {
  handlerId: number;
  position: number;
}

/** A delivery as the key of a map. */
export function keyOf({ handlerId, position }: DeliveryId): string {
  return `${handlerId}:${position}`;
}

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
