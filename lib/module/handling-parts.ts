import { Acknowledgers } from '../handlers/acknowledger.js';
import { Executor } from '../handlers/executor.js';
import { HandlerSet } from '../handlers/handler-set.js';
import { LeaseKeeper } from '../handlers/lease-keeper.js';
import type { BoundHandler, Limits } from '../handlers/runs.js';
import { Settler } from '../handlers/settler.js';
import { Worker } from '../handlers/worker.js';
import { ControlConnection } from '../store/control-connection.js';
import { DeliveryQueue } from '../store/delivery-queue.js';
import { PoolGuard, poolSize } from '../store/pool.js';
import { WorkerLeases } from '../store/worker-leases.js';
import type { LogParts } from './log-parts.js';
import type { ResolvedOptions } from './options.js';

/** Events to handlers. */
export interface HandlingParts {
  handlers: HandlerSet;
  leases: WorkerLeases;
  control: ControlConnection;
  keeper: LeaseKeeper;
  worker: Worker;
}

/** What happens to a worker that others have to know of. */
export interface HandlingEvents {
  leaseLost(): void;
  heartbeatFailed(error: unknown): void;
  claimFailed(error: unknown): void;
  /** A delivery's retries ran out. */
  exhausted(): void;
}

export function composeHandling(
  log: LogParts,
  options: ResolvedOptions,
  events: HandlingEvents,
): HandlingParts {
  const { database, registry } = log;
  const { retry, worker: limits } = options;
  const { singleConnection } = database.dialect;
  const handlers = new HandlerSet({ retry, concurrency: limits.concurrency, singleConnection });
  const leases = new WorkerLeases(database, limits.lease);
  const control = new ControlConnection(database);
  const keeper = new LeaseKeeper({
    leases,
    control: (work) => control.run(work),
    lease: limits.lease,
    lost: () => events.leaseLost(),
    failed: (error) => events.heartbeatFailed(error),
  });
  const queue = new DeliveryQueue(database);
  const acknowledgers = new Acknowledgers((workerId, ids) => queue.complete(workerId, ids));
  const worker = new Worker({
    queue,
    executor: new Executor({ ...log, queue, pool: new PoolGuard(database.dataSource), random: Math.random }),
    settler: new Settler({
      queue,
      acknowledger: (workerId) => acknowledgers.of(workerId),
      holdsLease: (workerId) => keeper.holds(workerId),
      exhausted: () => events.exhausted(),
    }),
    limits: limitsOf(log, options),
    handlers: () => boundHandlers(handlers, registry),
    lease: () => keeper.acquire(),
    lapsed: (workerId) => keeper.lose(workerId),
    claimFailed: (error) => events.claimFailed(error),
    aloneFor: limits.lease / 3,
  });
  return { handlers, leases, control, keeper, worker };
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
    return known && !known.paused ? [{ id: known.id, handler }] : [];
  });
}
