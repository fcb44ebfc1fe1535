import type { HandlerClaims } from '../../core/telemetry.js';
import type { DeliveryId } from '../../store/ports/delivery-ids.js';
import type { ClaimedDelivery } from '../../store/ports/rows.js';
import type { Cancellation } from '../../runtime/cancellation.js';
import type { Handler } from '../handler-set.js';

/** A handler of this process with its id in the registry. */
export interface BoundHandler {
  id: number;
  handler: Handler;
  /** It may have deliveries with an order key. Default false. */
  keyed?: boolean;
}

/** An attempt that is under way, and can be stopped from outside. */
export interface Run {
  readonly delivery: ClaimedDelivery;
  readonly handler: Handler;
  readonly workerId: number;
  /** Ends the run with an error, whether the handler heeds its signal or not. */
  readonly cancellation: Cancellation;
}

/** What one handler has under way in this process. */
export interface HandlerLoad {
  running: number;
  /** The handler's own limit. */
  concurrency: number;
}

export interface Limits {
  /** Runs at once in this process. */
  concurrency: number;
  /** Of those, in transactions, each of which holds a connection. */
  transactional: number;
}

/** What one worker has claimed: waiting in order by handler, and running. */
export class Runs {
  private readonly waiting = new Map<number, { delivery: ClaimedDelivery; since: number }[]>();
  /** By handler, then by position. */
  private readonly running = new Map<number, Map<number, Run>>();
  private runningCount = 0;
  private bufferedCount = 0;
  private transactional = 0;

  constructor(private readonly limits: Limits) {}

  get size(): number {
    return this.runningCount;
  }

  get all(): Run[] {
    return [...this.running.values()].flatMap((runs) => [...runs.values()]);
  }

  get buffered(): number {
    return this.bufferedCount;
  }

  /** Slots for which nothing is claimed. */
  get free(): number {
    return Math.max(0, this.limits.concurrency - this.runningCount - this.bufferedCount);
  }

  /** What waits, of all handlers. */
  get ahead(): ClaimedDelivery[] {
    return [...this.waiting.values()].flatMap((queue) => queue.map(({ delivery }) => delivery));
  }

  /** What each of these handlers has under way. */
  claimsOf(handlers: readonly BoundHandler[]): HandlerClaims[] {
    return handlers.map(({ id, handler }) => ({
      handler: handler.name,
      running: this.runningOf(id),
      claimed: this.bufferedOf(id),
    }));
  }

  bufferedOf(handlerId: number): number {
    return this.waiting.get(handlerId)?.length ?? 0;
  }

  loadOf({ id, handler }: BoundHandler): HandlerLoad {
    const concurrency = Math.min(
      handler.concurrency,
      handler.transactional ? this.limits.transactional : this.limits.concurrency,
    );
    return { running: this.runningOf(id), concurrency };
  }

  add(delivery: ClaimedDelivery, now: number): void {
    const queue = this.waiting.get(delivery.handlerId);
    if (queue) queue.push({ delivery, since: now });
    else this.waiting.set(delivery.handlerId, [{ delivery, since: now }]);
    this.bufferedCount++;
  }

  /** The next delivery that may start, taken out of its buffer; handlers with the least running come first. */
  next(handlers: readonly BoundHandler[]): { bound: BoundHandler; delivery: ClaimedDelivery } | undefined {
    if (this.bufferedCount === 0 || this.runningCount >= this.limits.concurrency) return undefined;
    const idle = this.idleHandlers(handlers);
    let bound: BoundHandler | undefined;
    for (const candidate of handlers) {
      if (bound && this.runningOf(bound.id) <= this.runningOf(candidate.id)) continue;
      if (this.bufferedOf(candidate.id) > 0 && this.mayStart(candidate, idle)) bound = candidate;
    }
    if (!bound) return undefined;
    this.bufferedCount--;
    return { bound, delivery: this.waiting.get(bound.id)!.shift()!.delivery };
  }

  started(run: Run): void {
    const { delivery, handler } = run;
    const { handlerId, position } = delivery;
    const runs = this.running.get(handlerId);
    if (runs) runs.set(position, run);
    else this.running.set(handlerId, new Map([[position, run]]));
    this.runningCount++;
    if (handler.transactional) this.transactional++;
  }

  ended(run: Run): void {
    const { handlerId, position } = run.delivery;
    const runs = this.running.get(handlerId);
    // What was lost to another process may have come back and run again already.
    if (runs?.get(position) === run) runs.delete(position);
    this.runningCount--;
    if (run.handler.transactional) this.transactional--;
  }

  find({ handlerId, position }: DeliveryId): Run | undefined {
    return this.running.get(handlerId)?.get(position);
  }

  /** Takes out one that waits. */
  take({ handlerId, position }: DeliveryId): ClaimedDelivery | undefined {
    const queue = this.waiting.get(handlerId) ?? [];
    const index = queue.findIndex(({ delivery }) => delivery.position === position);
    if (index < 0) return undefined;
    this.bufferedCount--;
    return queue.splice(index, 1)[0]!.delivery;
  }

  /** Takes out what waits for other handlers than these. */
  takeOthers(handlers: readonly BoundHandler[]): ClaimedDelivery[] {
    if (this.bufferedCount === 0) return [];
    const ids = new Set(handlers.map(({ id }) => id));
    const others = [...this.waiting].filter(([handlerId]) => !ids.has(handlerId));
    const taken = others.flatMap(([, queue]) => queue.map(({ delivery }) => delivery));
    for (const [handlerId] of others) this.waiting.delete(handlerId);
    this.bufferedCount -= taken.length;
    return taken;
  }

  /** Takes out what has been waiting since before `time`: all of it for `Infinity`. */
  takeOlderThan(time: number): ClaimedDelivery[] {
    const taken: ClaimedDelivery[] = [];
    for (const [handlerId, queue] of this.waiting) {
      taken.push(...queue.filter(({ since }) => since < time).map(({ delivery }) => delivery));
      this.waiting.set(
        handlerId,
        queue.filter(({ since }) => since >= time),
      );
    }
    this.bufferedCount -= taken.length;
    return taken;
  }

  private runningOf(handlerId: number): number {
    return this.running.get(handlerId)?.size ?? 0;
  }

  /** How many handlers have nothing running. */
  private idleHandlers(handlers: readonly BoundHandler[]): { all: number; transactional: number } {
    const idle = { all: 0, transactional: 0 };
    for (const { id, handler } of handlers) {
      if (this.runningOf(id) > 0) continue;
      idle.all++;
      if (handler.transactional) idle.transactional++;
    }
    return idle;
  }

  private mayStart(candidate: BoundHandler, idle: { all: number; transactional: number }): boolean {
    const load = this.loadOf(candidate);
    // A handler does not keep slots for itself; when it has nothing running, it needs none kept either.
    if (!mayStart(load, this.limits.concurrency, this.runningCount, idle.all)) return false;
    return (
      !candidate.handler.transactional ||
      mayStart(load, this.limits.transactional, this.transactional, idle.transactional)
    );
  }
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
