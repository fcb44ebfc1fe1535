/** SQL of when a delivery is due; where some wait (`d.wait`) they do so from the time on at which the others are due. */
export function dueAt(availableAt: string, now: string, waits: boolean): string {
  return waits ? `greatest(${availableAt}, ${now}) + d.wait` : `coalesce(${availableAt}, ${now})`;
}
