import { setTimeout as wait } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import type { Connectivity } from '../../runtime/connectivity.js';
import type { DeliveryQueue } from '../../store/deliveries/delivery-queue.js';
import type { DeliveryId } from '../../store/ports/dialect.js';
import type { Acknowledger } from './acknowledger.js';
import { errorLine, errorText } from './error-text.js';
import type { Execution } from './executor.js';
import type { Promoter } from './promoter.js';
import type { Settlement } from './settlement.js';

const FIRST_WAIT = 100;
const LONGEST_WAIT = 5000;

export interface SettlerParts {
  queue: DeliveryQueue;
  acknowledger: (workerId: number) => Acknowledger;
  /** Whether the worker still has its lease, so that marking is worth another try. */
  holdsLease: (workerId: number) => boolean;
  connectivity: Pick<Connectivity, 'isLost' | 'explainsFailure' | 'reachable'>;
  /** Told of each result that counts. */
  marked: (execution: Execution, settlement: Settlement) => void;
  /** Told when retries ran out and the delivery was buried. */
  exhausted: () => void;
  /** Told of the handler of each delivery that was marked: what waited for it in its order key may be claimed. */
  settled?: (handlerId: number) => unknown;
  /** Makes due what waited for the first attempt of a delivery. */
  promoter?: Pick<Promoter, 'after'>;
}

/** Deliveries of the same event that have become due by a settlement: none nearly always. */
export type Promoted = readonly DeliveryId[];

const NONE: Promoted = [];

/** Carries settlements out, and on through outages of the database for as long as the lease lasts. */
export class Settler {
  private readonly logger = new Logger('EventHandlers');

  constructor(private readonly parts: SettlerParts) {}

  /** Calls back when it is marked, or cannot be any more. */
  settle(execution: Execution, settlement: Settlement, settled: (promoted: Promoted) => void): void {
    this.log(execution, settlement);
    const marked = (held: boolean) => {
      const promoted = this.tell(execution, settlement, held);
      if (promoted instanceof Promise) void promoted.then(settled);
      else settled(promoted);
    };
    const failed = (error: unknown) => void this.markInTheEnd(execution, settlement, error).then(marked);
    // Without a promise where it can be: nearly always.
    if (settlement.kind === 'complete') this.acknowledge(execution, marked, failed);
    else this.mark(execution, settlement).then(marked, failed);
  }

  private acknowledge(
    { delivery: { handlerId, position }, workerId }: Execution,
    marked: (held: boolean) => void,
    failed: (error: unknown) => void,
  ): void {
    this.parts.acknowledger(workerId).acknowledge({ handlerId, position }, marked, failed);
  }

  private tell(execution: Execution, settlement: Settlement, marked: boolean): Promoted | Promise<Promoted> {
    if (!marked) this.logger.warn(`${nameOf(execution)}: its lease was lost, the result does not count`);
    else this.parts.marked(execution, settlement);
    if (marked && settlement.kind === 'bury') this.parts.exhausted();
    const { handlerId, position, starts, event } = execution.delivery;
    this.parts.settled?.(handlerId);
    if (!marked || starts > 0) return NONE;
    return this.parts.promoter?.after({ handlerId, position, group: event.group }) ?? NONE;
  }

  /** After a try that failed. False when the worker held the delivery no more: after an outage the database says that. */
  private async markInTheEnd(
    execution: Execution,
    settlement: Settlement,
    failure: unknown,
  ): Promise<boolean> {
    let error = failure;
    for (let pause = FIRST_WAIT; ; pause = Math.min(pause * 2, LONGEST_WAIT)) {
      if (!(await this.outlasted())) {
        if (!this.parts.holdsLease(execution.workerId)) return false;
        this.warnOf(execution, error);
        await wait(pause);
      }
      try {
        return await this.mark(execution, settlement);
      } catch (again) {
        error = again;
      }
    }
  }

  /** True when the database was away and is back. */
  private async outlasted(): Promise<boolean> {
    const { connectivity } = this.parts;
    if (!(await connectivity.explainsFailure())) return false;
    await connectivity.reachable();
    return !connectivity.isLost;
  }

  /** That the database is away was said once for all. */
  private warnOf(execution: Execution, error: unknown): void {
    if (this.parts.connectivity.isLost) return;
    this.logger.warn(`${nameOf(execution)}: could not mark the delivery, trying again: ${String(error)}`);
  }

  private mark(execution: Execution, settlement: Settlement): Promise<boolean> {
    const { delivery, workerId } = execution;
    const { queue } = this.parts;
    const { handlerId, position, starts } = delivery;
    const start = { handlerId, position, starts };
    switch (settlement.kind) {
      case 'complete':
        return new Promise((resolve, reject) => this.acknowledge(execution, resolve, reject));
      case 'retry':
        return queue.fail(workerId, {
          ...start,
          error: errorText(settlement.error),
          retryIn: settlement.delay,
        });
      case 'bury':
        return queue.fail(workerId, { ...start, error: errorText(settlement.error) });
      case 'snooze':
        return queue.snooze(workerId, start, settlement.until);
      case 'cancel':
        return queue.cancel(workerId, start);
      case 'release':
        return queue.cutOff(workerId, start);
      case 'completed':
        return Promise.resolve(true);
      case 'abandon':
        return Promise.resolve(false);
    }
  }

  private log(execution: Execution, settlement: Settlement): void {
    const { delivery, handler } = execution;
    const attempt = delivery.attempts + 1;
    if (settlement.kind === 'retry') {
      const seconds = (settlement.delay / 1000).toFixed(1);
      this.logger.warn(
        `${nameOf(execution)} failed (attempt ${attempt} of ${handler.retry.maxRetries + 1}), again in ${seconds} s: ${errorLine(settlement.error)}`,
      );
    } else if (settlement.kind === 'bury') {
      this.logger.error(
        `${nameOf(execution)} is dead after attempt ${attempt}: ${errorText(settlement.error)}`,
      );
    }
  }
}

function nameOf({ handler, delivery }: Execution): string {
  return `${handler.name} for event ${delivery.event.key} (${delivery.event.group})`;
}
