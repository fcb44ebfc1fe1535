import { Connectivity } from '../runtime/connectivity.js';
import type { Telemetry } from '../core/telemetry.js';
import { Acknowledgers } from '../handlers/attempt/acknowledger.js';
import { Alarm } from '../runtime/alarm.js';
import { Executor, type ExecutorParts } from '../handlers/attempt/executor.js';
import { HandlerSet } from '../handlers/handler-set.js';
import { LeaseKeeper } from '../handlers/claims/lease-keeper.js';
import { ObservedExecutor, ObservedQueue, resultOf, tellHandled } from '../handlers/attempt/observed.js';
import { Promoter } from '../handlers/attempt/promoter.js';
import type { BoundHandler, Limits } from '../handlers/claims/runs.js';
import { SealedRunners } from '../handlers/attempt/sealed-runners.js';
import { Settler, type SettlerParts } from '../handlers/attempt/settler.js';
import { Worker } from '../handlers/worker.js';
import type { Database } from '../store/db/database.js';
import { DeliveryQueue } from '../store/deliveries/delivery-queue.js';
import { OrderedClaim } from '../store/deliveries/ordered-claim.js';
import { poolSize } from '../store/db/pool.js';
import { probe } from '../store/db/probe.js';
import { Promotion } from '../store/deliveries/promotion.js';
import { WorkerLeases } from '../store/deliveries/worker-leases.js';
import type { LogParts } from './log-parts.js';
import type { ResolvedOptions } from './options.js';

/** Events to handlers. */
export interface HandlingParts {
  handlers: HandlerSet;
  leases: WorkerLeases;
  sealed: SealedRunners;
  connectivity: Connectivity;
  keeper: LeaseKeeper;
  worker: Worker;
  promoter: Promoter;
}

/** What happens to a worker that others have to know of. */
export interface HandlingEvents {
  leaseLost(): void;
  heartbeatFailed(error: unknown): void;
  claimFailed(error: unknown): void;
  databaseLost(reason: unknown): void;
  /** After so many milliseconds. */
  databaseReturned(after: number): void;
  /** A delivery's retries ran out. */
  exhausted(): void;
  /** Deliveries of these handlers that waited for others of their event are due: one id for each. */
  promoted(handlerIds: readonly number[]): void;
  promotionFailed(error: unknown): void;
}

export function composeHandling(
  log: LogParts,
  options: ResolvedOptions,
  events: HandlingEvents,
  telemetry: Telemetry,
): HandlingParts {
  const { database, registry } = log;
  const { retry, worker: limits } = options;
  const { singleConnection } = database.dialect;
  const handlers = new HandlerSet({ retry, concurrency: limits.concurrency, singleConnection });
  const holding = composeHolding(log, options, events);
  const { keeper, connectivity } = holding;
  const { ordered, settled } = composeOrdering(log, options, () => worker.wake());
  const queue = queueOf(database, ordered, telemetry);
  const promoter = composePromoter(log, options, events);
  const hasLapsed = (workerId: number) => keeper.loseIfLapsed(workerId);
  const sealed = new SealedRunners();
  const execution = { ...log, queue, hasLapsed, sealed, random: Math.random };
  const worker: Worker = new Worker({
    queue,
    executor: executorOf(execution, telemetry),
    settler: new Settler({
      ...settlingWith(queue, holding, events),
      settled,
      promoter,
      marked: toldOf(log, telemetry),
    }),
    limits: limitsOf(log, options),
    handlers: bound(handlers, registry),
    lease: () => keeper.acquire(),
    leasePeriod: limits.lease,
    hasLapsed,
    lapsed: (workerId) => keeper.lose(workerId),
    claimFailed: (error) => events.claimFailed(error),
    isPaused: () => connectivity.isLost,
    aloneFor: limits.lease / 3,
  });
  return { ...holding, sealed, handlers, worker, promoter };
}

/** What keeps the worker's claims its own, and tells when the database is away. */
function composeHolding(
  { database, control }: LogParts,
  { worker: { lease } }: ResolvedOptions,
  events: HandlingEvents,
): Pick<HandlingParts, 'leases' | 'connectivity' | 'keeper'> {
  const leases = new WorkerLeases(database, lease);
  const connectivity = new Connectivity({
    probe: () => probe(database, control),
    lost: (reason) => events.databaseLost(reason),
    returned: (after) => events.databaseReturned(after),
    random: Math.random,
  });
  const keeper = new LeaseKeeper({
    leases,
    control: (work) => control.run(work),
    lease,
    lost: () => events.leaseLost(),
    failed: (error) => events.heartbeatFailed(error),
  });
  return { leases, connectivity, keeper };
}

/** What waits in an order key may be claimed as soon as what it waited for is settled, or due. */
function composeOrdering(
  { database, registry }: LogParts,
  { worker: { pollInterval } }: ResolvedOptions,
  wake: () => void,
): { ordered: OrderedClaim; settled: (handlerId: number) => void } {
  const alarm = new Alarm(wake);
  const isKeyed = (handlerId: number) => registry.byId(handlerId)?.keyed ?? false;
  // Later than that is the regular look's.
  const again = (wait: number) => wait < pollInterval && alarm.set(wait);
  return {
    ordered: new OrderedClaim({ database, isKeyed, again }),
    settled: (handlerId) => isKeyed(handlerId) && wake(),
  };
}

/** What waits for others of its event is due as soon as these had their first attempt. */
function composePromoter(
  { database, registry }: LogParts,
  { worker: { lease } }: ResolvedOptions,
  events: HandlingEvents,
): Promoter {
  return new Promoter({
    registry,
    promotion: new Promotion(database, lease),
    promoted: (handlerIds) => events.promoted(handlerIds),
    failed: (error) => events.promotionFailed(error),
  });
}

/** Nothing is wrapped where nobody watches. */
function queueOf(database: Database, ordered: OrderedClaim, telemetry: Telemetry): DeliveryQueue {
  if (!telemetry.enabled) return new DeliveryQueue(database, ordered);
  return new ObservedQueue(database, telemetry, ordered);
}

function executorOf(parts: ExecutorParts, telemetry: Telemetry): Executor {
  return telemetry.enabled ? new ObservedExecutor(parts, telemetry) : new Executor(parts);
}

function settlingWith(
  queue: DeliveryQueue,
  { keeper, connectivity }: Pick<HandlingParts, 'keeper' | 'connectivity'>,
  events: HandlingEvents,
): Omit<SettlerParts, 'marked'> {
  const acknowledgers = new Acknowledgers((workerId, ids) => queue.complete(workerId, ids));
  return {
    queue,
    acknowledger: (workerId) => acknowledgers.of(workerId),
    holdsLease: (workerId) => keeper.holds(workerId),
    connectivity,
    exhausted: () => events.exhausted(),
  };
}

function toldOf({ stream, commits }: LogParts, telemetry: Telemetry): SettlerParts['marked'] {
  return (execution, settlement) => {
    const { handler, delivery } = execution;
    if (telemetry.enabled)
      telemetry.settled(handler.name, delivery.event.group, resultOf(settlement).outcome);
    // A claim may come before the read that proves the commit.
    commits.shown(delivery.event);
    tellHandled(stream, execution, settlement);
  };
}

/** Two connections of the pool stay free of handlers' transactions, where there are that many. */
function limitsOf({ database }: LogParts, { worker: { concurrency } }: ResolvedOptions): Limits {
  if (database.dialect.singleConnection) return { concurrency, transactional: 1 };
  return {
    concurrency,
    transactional: Math.max(1, Math.min(concurrency, poolSize(database.dataSource) - 2)),
  };
}

/** This process's handlers by their ids in the registry, without those that are paused. */
export function boundHandlers(handlers: HandlerSet, registry: LogParts['registry']): BoundHandler[] {
  return handlers.all.flatMap((handler) => {
    const known = registry.byName(handler.name);
    return known && !known.paused ? [{ id: known.id, handler, keyed: known.keyed }] : [];
  });
}

/** The same, worked out again only when the registry was read again: it is asked for at every start of a handler. */
function bound(handlers: HandlerSet, registry: LogParts['registry']): () => readonly BoundHandler[] {
  let known: unknown;
  let result: BoundHandler[] = [];
  return () => {
    if (known !== registry.known) result = boundHandlers(handlers, registry);
    known = registry.known;
    return result;
  };
}
