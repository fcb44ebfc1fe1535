import { setTimeout as wait } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import type { Connectivity } from '../core/connectivity.js';
import type { DeliveryQueue } from '../store/delivery-queue.js';
import type { DeliveryId } from '../store/dialect.js';
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

  async settle(execution: Execution, settlement: Settlement): Promise<Promoted> {
    this.log(execution, settlement);
    const marked = await this.markInTheEnd(execution, settlement);
    if (!marked) this.logger.warn(`${nameOf(execution)}: its lease was lost, the result does not count`);
    else this.parts.marked(execution, settlement);
    if (marked && settlement.kind === 'bury') this.parts.exhausted();
    this.parts.settled?.(execution.delivery.handlerId);
    const { handlerId, position, starts, event } = execution.delivery;
    if (!marked || starts > 0) return NONE;
    return this.parts.promoter?.after({ handlerId, position, group: event.group }) ?? NONE;
  }

  /** False when the worker held the delivery no more. After an outage that is for the database to say. */
  private async markInTheEnd(execution: Execution, settlement: Settlement): Promise<boolean> {
    for (let pause = FIRST_WAIT; ; pause = Math.min(pause * 2, LONGEST_WAIT)) {
      try {
        return await this.mark(execution, settlement);
      } catch (error) {
        if (await this.outlasted()) continue;
        if (!this.parts.holdsLease(execution.workerId)) return false;
        this.warnOf(execution, error);
        await wait(pause);
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

  private mark({ delivery, workerId }: Execution, settlement: Settlement): Promise<boolean> {
    const { queue, acknowledger } = this.parts;
    const { handlerId, position } = delivery;
    const id = { handlerId, position };
    switch (settlement.kind) {
      case 'complete':
        return acknowledger(workerId).acknowledge(id);
      case 'retry':
        return queue.fail(workerId, { ...id, error: errorText(settlement.error), retryIn: settlement.delay });
      case 'bury':
        return queue.fail(workerId, { ...id, error: errorText(settlement.error) });
      case 'snooze':
        return queue.snooze(workerId, id, settlement.until);
      case 'cancel':
        return queue.cancel(workerId, id);
      case 'release':
        return queue.cutOff(workerId, id);
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
