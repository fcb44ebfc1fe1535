import { Logger } from '@nestjs/common';
import type { DataSource, QueryRunner } from 'typeorm';
import { Deliveries } from '../handlers/deliveries.js';
import type { HandlerSet } from '../handlers/handler-set.js';
import type { BoundHandler } from '../handlers/runs.js';
import { Upkeep } from '../handlers/upkeep.js';
import type { Worker } from '../handlers/worker.js';
import type { Rescan } from '../sources/rescan/rescan.js';
import type { SourceRegistry } from '../sources/source-registry.js';
import { afterRelease, CommitTracker } from '../store/commit-tracker.js';
import type { Database } from '../store/database.js';
import type { DeliveryQueries } from '../store/delivery-queries.js';
import { nameEntityTables } from '../store/entity-tables.js';
import type { EventLog } from '../store/event-log.js';
import type { FanOut } from '../store/fan-out.js';
import type { HandlerRegistration, HandlerRegistry } from '../store/handler-registry.js';
import type { Horizon } from '../store/horizon.js';
import { prepareSchema } from '../store/schema.js';
import type { WorkerLeases } from '../store/worker-leases.js';
import { choresOf } from './chores.js';
import { boundHandlers, composeHandling, type HandlingParts } from './handling-parts.js';
import { composeLog, type LogParts } from './log-parts.js';
import type { ResolvedOptions } from './options.js';
import { composeSources, type SourceParts } from './source-parts.js';

/** Everything behind one `forRoot`: one log in one DataSource, its sources and its handlers. */
export class Engine {
  readonly name: string;
  readonly deliveries: Deliveries;
  readonly logger = new Logger('EventSourcing');
  /** Aborted when the application shuts down. */
  readonly stopping = new AbortController();
  /** Called when a delivery's retries ran out. */
  onExhausted: () => void = () => undefined;

  private readonly log: LogParts;
  private readonly entities: SourceParts;
  private readonly handling: HandlingParts;
  private readonly tracker: CommitTracker;
  private readonly upkeep: Upkeep;
  private claimsFail = false;

  constructor(
    readonly dataSource: DataSource,
    readonly options: ResolvedOptions,
  ) {
    this.name = options.dataSource ?? 'default';
    this.tracker = new CommitTracker((runner, positions) => this.committed(runner, positions));
    this.log = composeLog(dataSource, options, {
      appended: (runner, positions) => this.tracker.recorded(runner, positions),
      groupMismatch: (key, group, existing) => this.groupMismatch(key, group, existing),
    });
    this.entities = composeSources(this.log, options);
    this.handling = composeHandling(this.log, options, {
      leaseLost: () => this.leaseLost(),
      heartbeatFailed: (error) => this.heartbeatFailed(error),
      claimFailed: (error) => this.claimFailed(error),
      exhausted: () => this.onExhausted(),
    });
    this.deliveries = new Deliveries({
      ...this.log,
      cancelled: (ids) => ids.forEach((id) => this.worker.cancel(id)),
      wake: () => this.wake(),
    });
    this.upkeep = new Upkeep(choresOf(this), options.worker.pollInterval);
  }

  get eventLog(): EventLog {
    return this.log.eventLog;
  }

  get database(): Database {
    return this.log.database;
  }

  get registry(): HandlerRegistry {
    return this.log.registry;
  }

  get horizon(): Horizon {
    return this.log.horizon;
  }

  get fanOut(): FanOut {
    return this.log.fanOut;
  }

  get queries(): DeliveryQueries {
    return this.log.queries;
  }

  get sources(): SourceRegistry {
    return this.entities.sources;
  }

  get rescan(): Rescan {
    return this.entities.rescan;
  }

  get handlers(): HandlerSet {
    return this.handling.handlers;
  }

  get leases(): WorkerLeases {
    return this.handling.leases;
  }

  get worker(): Worker {
    return this.handling.worker;
  }

  /** This process's handlers by their ids in the registry, without those that are paused. */
  get boundHandlers(): readonly BoundHandler[] {
    return boundHandlers(this.handlers, this.registry);
  }

  /** Makes the database ready: from here on events can be recorded. */
  async prepare(): Promise<void> {
    const { dataSource, options } = this;
    const { database } = this.log;
    database.dialect.install?.(dataSource);
    nameEntityTables(dataSource, database.tables, options.schemaName);
    await prepareSchema(database, options.schema);
    await database.transaction(async (sql) => database.dialect.catchUp?.(sql, database.tables));
    await this.registry.refresh();
  }

  /** Makes the handlers known to every process and listens to the DataSource's writes. */
  async connect(): Promise<void> {
    await this.registry.register(this.registrations);
    this.dataSource.subscribers.push(this.tracker, this.entities.subscriber);
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
    await this.handling.keeper
      .release()
      .catch((error: unknown) => this.logger.warn(`Giving up the lease failed: ${String(error)}`));
    await this.handling.control.close();
    const own: unknown[] = [this.tracker, this.entities.subscriber];
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

  private committed(runner: QueryRunner, positions: readonly number[]): void {
    if (this.options.dispatch === 'inline') {
      afterRelease(runner, () =>
        this.worker
          .runNow(positions)
          .catch((error: unknown) => this.logger.error(`Inline dispatch failed: ${String(error)}`)),
      );
    } else this.wake();
  }

  private groupMismatch(key: string, group: string, existing: string): void {
    this.logger.warn(
      `Event "${key}" was not recorded: its key is in the log with group "${existing}", not "${group}".`,
    );
  }

  private leaseLost(): void {
    this.logger.warn('The lease of this process was lost: what it was handling is left to others.');
    this.worker.leaseLost();
    this.wake();
  }

  /** The next one is on a new connection. */
  private heartbeatFailed(error: unknown): void {
    this.logger.warn(`Heartbeat failed: ${String(error)}`);
    void this.handling.control.close();
  }

  private claimFailed(error: unknown): void {
    if (!this.claimsFail) this.logger.warn(`Claiming deliveries failed, trying again: ${String(error)}`);
    this.claimsFail = true;
  }
}
