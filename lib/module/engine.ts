import { Logger } from '@nestjs/common';
import type { DataSource, QueryRunner } from 'typeorm';
import { Acknowledger } from '../handlers/acknowledger.js';
import { Deliveries } from '../handlers/deliveries.js';
import { Executor } from '../handlers/executor.js';
import { HandlerSet } from '../handlers/handler-set.js';
import { LeaseKeeper } from '../handlers/lease-keeper.js';
import type { BoundHandler } from '../handlers/runs.js';
import { Settler } from '../handlers/settler.js';
import { Upkeep } from '../handlers/upkeep.js';
import { Worker } from '../handlers/worker.js';
import { PayloadCodec } from '../payload/payload-codec.js';
import { ModelEventSubscriber } from '../sources/model-event-subscriber.js';
import { Rescan } from '../sources/rescan/rescan.js';
import { SourceRegistry } from '../sources/source-registry.js';
import { afterRelease, CommitTracker } from '../store/commit-tracker.js';
import { ControlConnection } from '../store/control-connection.js';
import { Database } from '../store/database.js';
import { DeliveryQueries } from '../store/delivery-queries.js';
import { DeliveryQueue } from '../store/delivery-queue.js';
import { nameEntityTables } from '../store/entity-tables.js';
import { EventLog } from '../store/event-log.js';
import { EventLogStore } from '../store/event-log-store.js';
import { FanOut } from '../store/fan-out.js';
import { type HandlerRegistration, HandlerRegistry } from '../store/handler-registry.js';
import { Horizon } from '../store/horizon.js';
import { PoolGuard, poolSize } from '../store/pool.js';
import { RescanStateStore } from '../store/rescan-state-store.js';
import { prepareSchema } from '../store/schema.js';
import { TypeOrmEntities } from '../store/typeorm-entities.js';
import { WorkerLeases } from '../store/worker-leases.js';
import { choresOf } from './chores.js';
import type { ResolvedOptions } from './options.js';

/** Everything behind one `forRoot`, wired: one log in one DataSource. */
export class Engine {
  readonly name: string;
  readonly database: Database;
  readonly registry: HandlerRegistry;
  readonly horizon: Horizon;
  readonly fanOut: FanOut;
  readonly leases: WorkerLeases;
  readonly queries: DeliveryQueries;
  readonly handlers: HandlerSet;
  readonly sources: SourceRegistry;
  readonly worker: Worker;
  readonly eventLog: EventLog;
  readonly deliveries: Deliveries;
  readonly rescan: Rescan;
  readonly logger = new Logger('EventSourcing');
  /** Aborted when the application shuts down. */
  readonly stopping = new AbortController();
  /** Called when a delivery's retries ran out. */
  onExhausted: () => void = () => undefined;

  private readonly control: ControlConnection;
  private readonly keeper: LeaseKeeper;
  private readonly upkeep: Upkeep;
  private readonly tracker: CommitTracker;
  private readonly store: EventLogStore;
  private readonly subscriber: ModelEventSubscriber;
  private claimsFail = false;

  constructor(
    readonly dataSource: DataSource,
    readonly options: ResolvedOptions,
  ) {
    const { clock, worker, retry, payload, rescan } = options;
    const database = new Database(
      dataSource,
      { prefix: options.prefix, schemaName: options.schemaName },
      clock,
    );
    const { dialect } = database;
    const horizon = new Horizon(database);
    this.horizon = horizon;
    const entities = new TypeOrmEntities(dataSource);
    const codec = new PayloadCodec({ entities, ...payload });
    this.name = options.dataSource ?? 'default';
    this.database = database;
    this.registry = new HandlerRegistry(database, horizon);
    this.fanOut = new FanOut(database, this.registry, horizon);
    this.queries = new DeliveryQueries(database);
    this.leases = new WorkerLeases(database, worker.lease);
    this.control = new ControlConnection(database);
    this.tracker = new CommitTracker((runner, positions) => this.committed(runner, positions));
    this.store = new EventLogStore(database, this.registry, codec, {
      appended: (runner, positions) => this.tracker.recorded(runner, positions),
      groupMismatch: (key, group, existing) =>
        this.logger.warn(
          `Event "${key}" was not recorded: its key is in the log with group "${existing}", not "${group}".`,
        ),
    });
    this.eventLog = new EventLog({ database, store: this.store, codec, entities, horizon });
    this.sources = new SourceRegistry(dataSource);
    const state = new RescanStateStore(database);
    this.subscriber = new ModelEventSubscriber({
      registry: this.sources,
      recorder: this.store,
      rescanState: state,
      clock,
      bulkWrites: options.bulkWrites,
    });
    this.rescan = new Rescan({
      registry: this.sources,
      recorder: this.store,
      state,
      clock,
      ...(rescan && rescan.batchSize ? { batchSize: rescan.batchSize } : {}),
    });
    const { singleConnection } = dialect;
    this.handlers = new HandlerSet({ retry, concurrency: worker.concurrency, singleConnection });
    const queue = new DeliveryQueue(database);
    this.keeper = new LeaseKeeper({
      leases: this.leases,
      control: (work) => this.control.run(work),
      lease: worker.lease,
      lost: () => this.leaseLost(),
      failed: (error) => this.heartbeatFailed(error),
    });
    const executor = new Executor({
      database,
      queue,
      codec,
      entities,
      pool: new PoolGuard(dataSource),
      random: Math.random,
    });
    const acknowledgers = new Map<number, Acknowledger>();
    const settler = new Settler({
      queue,
      acknowledger: (workerId) => acknowledgerOf(acknowledgers, workerId, queue),
      holdsLease: (workerId) => this.keeper.holds(workerId),
      exhausted: () => this.onExhausted(),
    });
    this.worker = new Worker({
      queue,
      executor,
      settler,
      limits: {
        concurrency: worker.concurrency,
        transactional: singleConnection
          ? 1
          : Math.max(1, Math.min(worker.concurrency, poolSize(dataSource) - 2)),
      },
      handlers: () => this.boundHandlers(),
      lease: () => this.keeper.acquire(),
      claimFailed: (error) => this.claimFailed(error),
      aloneFor: worker.lease / 3,
    });
    this.deliveries = new Deliveries({
      queries: this.queries,
      registry: this.registry,
      fanOut: this.fanOut,
      cancelled: (ids) => ids.forEach((id) => this.worker.cancel(id)),
      wake: () => this.wake(),
    });
    this.upkeep = new Upkeep(choresOf(this), worker.pollInterval);
  }

  /** Makes the database ready: from here on events can be recorded. */
  async prepare(): Promise<void> {
    const { database, dataSource, options } = this;
    database.dialect.install?.(dataSource);
    nameEntityTables(dataSource, database.tables, options.schemaName);
    await prepareSchema(database, options.schema);
    await this.registry.refresh();
  }

  /** Makes the handlers known to every process and listens to the DataSource's writes. */
  async connect(): Promise<void> {
    await this.registry.register(this.registrations);
    this.dataSource.subscribers.push(this.tracker, this.subscriber);
  }

  start(): void {
    if (this.options.dispatch === 'background') this.worker.start();
    if (this.options.dispatch !== 'inline') this.upkeep.start();
  }

  /** Stops claiming, lets running handlers finish, gives back the rest. */
  async stop(): Promise<void> {
    this.stopping.abort();
    const drained = this.worker.drain(this.options.worker.shutdownTimeout);
    await Promise.all([this.upkeep.stop(), drained]);
    await this.upkeep.finished();
    // Where the database cannot be reached the lease ends by itself.
    await this.keeper
      .release()
      .catch((error: unknown) => this.logger.warn(`Giving up the lease failed: ${String(error)}`));
    await this.control.close();
    const own: unknown[] = [this.tracker, this.subscriber];
    const { subscribers } = this.dataSource;
    subscribers.splice(
      0,
      subscribers.length,
      ...subscribers.filter((subscriber) => !own.includes(subscriber)),
    );
  }

  /** Something may be due. */
  wake(): void {
    if (this.options.dispatch === 'background') this.worker.wake();
  }

  get registrations(): HandlerRegistration[] {
    return this.handlers.all.map((handler) => handler.registration);
  }

  /** This process's handlers by their ids in the registry, without those that are paused. */
  boundHandlers(): BoundHandler[] {
    return this.handlers.all.flatMap((handler) => {
      const known = this.registry.byName(handler.name);
      return known && !known.paused ? [{ id: known.id, handler }] : [];
    });
  }

  private committed(runner: QueryRunner, positions: readonly number[]): void {
    if (this.options.dispatch === 'inline') {
      afterRelease(runner, () =>
        this.worker
          .runNow(positions)
          .catch((error: unknown) => this.logger.error(`Inline dispatch failed: ${String(error)}`)),
      );
    } else this.wake();
  }

  private leaseLost(): void {
    this.logger.warn('The lease of this process was lost: what it was handling is left to others.');
    this.worker.leaseLost();
    this.wake();
  }

  /** The next one is on a new connection. */
  private heartbeatFailed(error: unknown): void {
    this.logger.warn(`Heartbeat failed: ${String(error)}`);
    void this.control.close();
  }

  private claimFailed(error: unknown): void {
    if (!this.claimsFail) this.logger.warn(`Claiming deliveries failed, trying again: ${String(error)}`);
    this.claimsFail = true;
  }
}

/** One for each lease: a worker that lost its lease goes on under another id. */
function acknowledgerOf(
  known: Map<number, Acknowledger>,
  workerId: number,
  queue: DeliveryQueue,
): Acknowledger {
  let acknowledger = known.get(workerId);
  if (!acknowledger) {
    known.clear();
    acknowledger = new Acknowledger((ids) => queue.complete(workerId, ids));
    known.set(workerId, acknowledger);
  }
  return acknowledger;
}
