/** What one handler has under way in this process. */
export interface HandlerLoad {
  running: number;
  /** The handler's own limit. */
  concurrency: number;
}

/**
 * Whether another delivery of a handler may start. One slot is kept for each other handler that has nothing running,
 * up to half of all: so a handler whose runs hang cannot take the slots of the others.
 */
export function mayStart(
  load: HandlerLoad,
  concurrency: number,
  running: number,
  idleOthers: number,
): boolean {
  const free = concurrency - running;
  if (free <= 0 || load.running >= load.concurrency) return false;
  if (load.running === 0) return true;
  return free > Math.min(idleOthers, Math.floor(concurrency / 2));
}

/** How many deliveries of a handler to claim, so that its buffer holds what it can start soon. */
export function claimQuota(load: HandlerLoad, buffered: number, prefetch: number): number {
  return Math.max(0, Math.max(prefetch, load.concurrency) + load.concurrency - load.running - buffered);
}
