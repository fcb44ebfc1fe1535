import { Connectivity } from '../runtime/connectivity.js';
import type { Telemetry } from '../core/telemetry.js';
import { Alarm } from '../runtime/alarm.js';
import { type HandlerDefaults, HandlerSet } from '../handlers/handler-set.js';
import { LeaseKeeper } from '../handlers/claims/lease-keeper.js';
import { entityLoads } from '../handlers/attempt/joint-loads.js';
import { Promoter } from '../handlers/attempt/promoter.js';
import type { BoundHandler, Limits } from '../handlers/claims/runs.js';
import { SealedRunners } from '../store/db/sealed-runners.js';
import { Worker, type WorkerParts } from '../handlers/worker.js';
import { DeliveryQueue } from '../store/deliveries/delivery-queue.js';
import { OrderedClaim } from '../store/deliveries/ordered-claim.js';
import { probe } from '../store/db/probe.js';
import { Promotion } from '../store/deliveries/promotion.js';
import { assertRelations } from '../store/typeorm/relations.js';
import { LIBRARY_RELEASE } from '../core/library-release.js';
import { WorkerLeases } from '../store/deliveries/worker-leases.js';
import { releaseIn } from './application-release.js';
import type { ConnectionShares } from './connection-shares.js';
import { answerLimit, type LogParts } from './log-parts.js';
import type { ResolvedOptions } from './options.js';

/** Events to handlers. */
export interface HandlingParts {
  handlers: HandlerSet;
  /** This process's handlers by their ids in the registry, without those that are paused. */
  boundHandlers: () => readonly BoundHandler[];
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
  shares: ConnectionShares,
): HandlingParts {
  const { database, registry } = log;
  const { worker: limits } = options;
  const handlers = new HandlerSet(defaultsOf(log, options));
  const holding = composeHolding(log, options, events);
  const { keeper, connectivity } = holding;
  const promoter = composePromoter(log, options, events);
  const sealed = new SealedRunners();
  const boundHandlers = bound(handlers, registry);
  // Whose transaction waits for a connection waits as the application's requests do.
  const ownTransactions = database.answeringWithin(answerLimit(options), Infinity);
  const worker: Worker = new Worker({
    ...log,
    database: ownTransactions,
    ...composeOrdering(log, options, () => worker.wake()),
    connectivity,
    promoter,
    sealed,
    telemetry,
    loaderOf: entityLoads(database, log.entities),
    limits: limitsOf(options, shares),
    handlers: boundHandlers,
    lease: () => keeper.hold(),
    leasePeriod: limits.lease,
    holdsLease: (workerId) => keeper.holds(workerId),
    hasLapsed: (workerId) => keeper.loseIfLapsed(workerId),
    lapsed: (workerId) => keeper.lose(workerId),
    claimFailed: (error) => events.claimFailed(error),
    exhausted: () => events.exhausted(),
    isPaused: () => connectivity.isLost,
    aloneFor: limits.lease / 3,
    random: Math.random,
  });
  return { ...holding, sealed, handlers, boundHandlers, worker, promoter };
}

function defaultsOf({ database }: LogParts, { retry, worker }: ResolvedOptions): HandlerDefaults {
  const { dialect, dataSource } = database;
  return {
    retry,
    concurrency: worker.concurrency,
    pool: dialect.can.pool,
    // Which entities there are is known when handlers are found.
    assertRelations: (relations, where) =>
      assertRelations('relations', relations, dataSource.entityMetadatas, where),
  };
}

/** What keeps the worker's claims its own, and tells when the database is away. */
function composeHolding(
  { lasting: database, control }: LogParts,
  { worker: { lease }, release = releaseIn(process.cwd()) }: ResolvedOptions,
  events: HandlingEvents,
): Pick<HandlingParts, 'leases' | 'connectivity' | 'keeper'> {
  const leases = new WorkerLeases(database, lease, {
    library: LIBRARY_RELEASE,
    ...(release === undefined ? {} : { application: release }),
  });
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
  { lasting: database, registry }: LogParts,
  { worker: { pollInterval } }: ResolvedOptions,
  wake: () => void,
): Pick<WorkerParts, 'queue' | 'settled'> {
  const alarm = new Alarm(wake);
  const isKeyed = (handlerId: number) => registry.byId(handlerId)?.keyed ?? false;
  // Later than that is the regular look's.
  const again = (wait: number) => wait < pollInterval && alarm.set(wait);
  return {
    queue: new DeliveryQueue(database, new OrderedClaim({ database, isKeyed, again })),
    settled: (handlerId) => isKeyed(handlerId) && wake(),
  };
}

/** What waits for others of its event is due as soon as these had their first attempt. */
function composePromoter(
  { lasting: database, registry }: LogParts,
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

/** Which followers there are is known later than the worker is made. */
function limitsOf({ worker: { concurrency } }: ResolvedOptions, shares: ConnectionShares): Limits {
  return {
    concurrency,
    get transactional() {
      return shares.transactional(concurrency);
    },
  };
}

/**
 * This process's handlers, worked out again only when one was found or the registry was read again: they are asked for at
 * every start of a handler, and by what is recorded before any was found.
 */
function bound(handlers: HandlerSet, registry: LogParts['registry']): () => readonly BoundHandler[] {
  let [known, size]: [unknown, number] = [undefined, 0];
  let result: BoundHandler[] = [];
  return () => {
    if (known !== registry.known || size !== handlers.size) {
      result = handlers.all.flatMap((handler) => {
        const one = registry.byName(handler.name);
        return one && !one.paused ? [{ id: one.id, handler, keyed: one.keyed }] : [];
      });
    }
    known = registry.known;
    size = handlers.size;
    return result;
  };
}
