import type { HandlingResult, Telemetry } from '../../core/telemetry.js';
import type { ClaimResult } from '../../store/ports/claim-result.js';
import type { Database } from '../../store/db/database.js';
import { DeliveryQueue } from '../../store/deliveries/delivery-queue.js';
import type { EventStream } from '../../store/commits/event-stream.js';
import type { OrderedClaim } from '../../store/deliveries/ordered-claim.js';
import { recordedEvent } from '../../store/log/recorded-event.js';
import { attemptOf } from '../../store/ports/rows.js';
import { type Execution, Executor, type ExecutorParts } from './executor.js';
import type { Settlement } from './settlement.js';

/** The executor where somebody watches: each start of a handler is told of. */
export class ObservedExecutor extends Executor {
  constructor(
    parts: ExecutorParts,
    private readonly telemetry: Telemetry,
  ) {
    super(parts);
  }

  override execute(execution: Execution, settled: (settlement: Settlement) => void): void {
    const { handler, delivery } = execution;
    const { event } = delivery;
    const start = {
      handler: handler.name,
      group: event.group,
      key: event.key,
      position: event.position,
      attempt: attemptOf(delivery),
      metadata: event.metadata,
    };
    const run = () => new Promise<Settlement>((resolve) => super.execute(execution, resolve));
    void this.telemetry.handle(start, run, resultOf).then(settled);
  }
}

/** The queue where somebody watches: claims that found something are told of. */
export class ObservedQueue extends DeliveryQueue {
  constructor(
    database: Database,
    private readonly telemetry: Telemetry,
    ordered?: OrderedClaim,
  ) {
    super(database, ordered);
  }

  override async claim(request: Parameters<DeliveryQueue['claim']>[0]): Promise<ClaimResult> {
    const since = Date.now();
    const result = await super.claim(request);
    const { claimed } = result;
    if (claimed.length > 0)
      this.telemetry.claimed(
        claimed.map(({ event }) => event),
        since,
      );
    return result;
  }
}

/** Tells those who watch the log's stream of a start whose result was marked. */
export function tellHandled(stream: EventStream, execution: Execution, settlement: Settlement): void {
  if (!stream.isWatched) return;
  const { handler, delivery, given } = execution;
  stream.tell({
    type: 'handled',
    event: given ?? recordedEvent(delivery.event, undefined),
    handler: handler.name,
    attempt: attemptOf(delivery),
    ...resultOf(settlement),
  });
}

/** What a settlement says of the start that it settles. */
export function resultOf(settlement: Settlement): HandlingResult {
  switch (settlement.kind) {
    case 'complete':
    case 'completed':
      return { outcome: 'succeeded' };
    case 'retry':
      return { outcome: 'retry', error: settlement.error };
    case 'bury':
      return { outcome: 'dead', error: settlement.error };
    case 'snooze':
      return { outcome: 'snoozed' };
    case 'cancel':
      return { outcome: 'cancelled' };
    case 'release':
      return { outcome: 'released' };
    case 'abandon':
      return { outcome: 'abandoned' };
  }
}
