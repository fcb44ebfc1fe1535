import type { DeliveryId } from '../store/dialect.js';
import type { ClaimedDelivery } from '../store/rows.js';
import { keyOf } from './acknowledger.js';
import type { Execution } from './executor.js';
import type { Handler } from './handler-set.js';
import { type HandlerLoad, mayStart } from './slots.js';

/** A handler of this process with its id in the registry. */
export interface BoundHandler {
  id: number;
  handler: Handler;
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
  private readonly running = new Map<string, Execution>();
  private readonly count = new Map<number, number>();
  private transactional = 0;

  constructor(private readonly limits: Limits) {}

  get size(): number {
    return this.running.size;
  }

  get executions(): Execution[] {
    return [...this.running.values()];
  }

  get buffered(): number {
    return [...this.waiting.values()].reduce((sum, queue) => sum + queue.length, 0);
  }

  bufferedOf(handlerId: number): number {
    return this.waiting.get(handlerId)?.length ?? 0;
  }

  loadOf({ id, handler }: BoundHandler): HandlerLoad {
    const concurrency = Math.min(
      handler.concurrency,
      handler.transactional ? this.limits.transactional : this.limits.concurrency,
    );
    return { running: this.count.get(id) ?? 0, concurrency };
  }

  add(delivery: ClaimedDelivery, now: number): void {
    const queue = this.waiting.get(delivery.handlerId) ?? [];
    queue.push({ delivery, since: now });
    this.waiting.set(delivery.handlerId, queue);
  }

  /** The next delivery that may start, taken out of its buffer; handlers with the least running come first. */
  next(handlers: readonly BoundHandler[]): { bound: BoundHandler; delivery: ClaimedDelivery } | undefined {
    const waiting = handlers.filter(({ id }) => this.bufferedOf(id) > 0);
    waiting.sort((a, b) => this.loadOf(a).running - this.loadOf(b).running);
    const bound = waiting.find((candidate) => this.mayStart(candidate, handlers));
    return bound && { bound, delivery: this.waiting.get(bound.id)!.shift()!.delivery };
  }

  started(execution: Execution): void {
    const { delivery, handler } = execution;
    this.running.set(keyOf(delivery), execution);
    this.count.set(delivery.handlerId, (this.count.get(delivery.handlerId) ?? 0) + 1);
    if (handler.transactional) this.transactional++;
  }

  ended({ delivery, handler }: Execution): void {
    this.running.delete(keyOf(delivery));
    this.count.set(delivery.handlerId, (this.count.get(delivery.handlerId) ?? 1) - 1);
    if (handler.transactional) this.transactional--;
  }

  find(id: DeliveryId): Execution | undefined {
    return this.running.get(keyOf(id));
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
    return taken;
  }

  private mayStart(candidate: BoundHandler, handlers: readonly BoundHandler[]): boolean {
    const load = this.loadOf(candidate);
    const idle = handlers.filter((other) => other !== candidate && this.loadOf(other).running === 0);
    if (!mayStart(load, this.limits.concurrency, this.running.size, idle.length)) return false;
    if (!candidate.handler.transactional) return true;
    const idleTransactional = idle.filter(({ handler }) => handler.transactional).length;
    return mayStart(load, this.limits.transactional, this.transactional, idleTransactional);
  }
}
