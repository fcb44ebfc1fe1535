import { setTimeout as wait } from 'node:timers/promises';
import type { Connectivity } from '../../runtime/connectivity.js';
import { loggerOf } from '../../runtime/logging.js';
import { recordedEvent } from '../../store/log/recorded-event.js';
import type { DeliveryQueue } from '../../store/deliveries/delivery-queue.js';
import type { Run } from '../claims/runs.js';
import { errorText } from '../../core/error-text.js';
import type { Settlement } from './settlement.js';

const FIRST_WAIT = 100;
const LONGEST_WAIT = 5000;

export interface MarkingParts {
  queue: DeliveryQueue;
  /** Whether the worker still has its lease, so that marking is worth another try. */
  holdsLease: (workerId: number) => boolean;
  connectivity: Pick<Connectivity, 'isLost' | 'explainsFailure' | 'reachable'>;
}

const logger = loggerOf('EventHandlers');

/**
 * Marks a delivery after a try that failed, through outages of the database for as long as the lease lasts. False when
 * the worker held the delivery no more: after an outage the database says that.
 */
export async function markInTheEnd(
  run: Run,
  settlement: Settlement,
  parts: MarkingParts,
  failure: unknown,
): Promise<boolean> {
  let error = failure;
  for (let pause = FIRST_WAIT; ; pause = Math.min(pause * 2, LONGEST_WAIT)) {
    if (!(await outlasted(parts.connectivity))) {
      if (!parts.holdsLease(run.workerId)) return false;
      // That the database is away was said once for all.
      if (!parts.connectivity.isLost)
        logger.warn(`${nameOf(run)}: could not mark the delivery, trying again: ${String(error)}`);
      await wait(pause);
    }
    try {
      return await mark(run, settlement, parts.queue);
    } catch (again) {
      error = again;
    }
  }
}

/** True when the database was away and is back. */
async function outlasted(connectivity: MarkingParts['connectivity']): Promise<boolean> {
  if (!(await connectivity.explainsFailure())) return false;
  await connectivity.reachable();
  return !connectivity.isLost;
}

/** Marks the delivery as the settlement says; false when the worker held it no more. */
export function mark(
  { delivery, workerId, handler }: Run,
  settlement: Settlement,
  queue: DeliveryQueue,
): Promise<boolean> {
  const { handlerId, position, starts } = delivery;
  const start = { handlerId, position, starts };
  switch (settlement.kind) {
    case 'complete':
      return new Promise((resolve, reject) => queue.acknowledge(workerId, start, resolve, reject));
    case 'retry': {
      const { error, delay } = settlement;
      return queue.fail(workerId, { ...start, error: errorText(error), retryIn: delay });
    }
    case 'bury':
      return bury({ delivery, workerId, handler }, settlement.error, queue);
    case 'snooze':
      return queue.snooze(workerId, start, settlement.until);
    case 'cancel':
      return queue.cancel(workerId, start);
    case 'release':
      return queue.cutOff(workerId, start, settlement.delay);
    case 'completed':
      return Promise.resolve(true);
    case 'abandon':
      return Promise.resolve(false);
  }
}

/** Whoever waits for what comes of the event is told first: a process that dies in between does it again. */
async function bury(
  { delivery, workerId, handler }: Pick<Run, 'delivery' | 'workerId' | 'handler'>,
  error: unknown,
  queue: DeliveryQueue,
): Promise<boolean> {
  const { handlerId, position, starts, event } = delivery;
  await handler.buried?.(recordedEvent(event, event.position, undefined), error);
  return queue.fail(workerId, { handlerId, position, starts, error: errorText(error) });
}

/** The handler and the event, for messages. */
export function nameOf({ handler, delivery }: Run): string {
  return `${handler.name} for event ${delivery.event.key} (${delivery.event.group})`;
}
