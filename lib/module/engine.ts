import { Logger } from '@nestjs/common';
import type { DataSource, QueryRunner } from 'typeorm';
import type { Connectivity } from '../core/connectivity.js';
import { NO_TELEMETRY, type Telemetry } from '../core/telemetry.js';
import type { EventTypeRegistry } from '../event-types/event-type-registry.js';
import { Deliveries } from '../handlers/deliveries.js';
import type { HandlerSet } from '../handlers/handler-set.js';
import type { LeaseKeeper } from '../handlers/lease-keeper.js';
import type { BoundHandler } from '../handlers/runs.js';
import { toTellOthers } from '../handlers/told-others.js';
import { Upkeep } from '../handlers/upkeep.js';
import type { Worker } from '../handlers/worker.js';
import type { Rescan } from '../sources/rescan/rescan.js';
import type { SourceRegistry } from '../sources/source-registry.js';
import { backlogOf } from '../store/backlog.js';
import { afterRelease, CommitTracker, type Recorded } from '../store/commit-tracker.js';
import type { Database } from '../store/database.js';
import type { DeliveryQueries } from '../store/delivery-queries.js';
import { nameEntityTables } from '../store/entity-tables.js';
import type { EventLog } from '../store/event-log.js';
import type { FanOut } from '../store/fan-out.js';
import type { HandlerRegistration, HandlerRegistry } from '../store/handler-registry.js';
import type { Horizon } from '../store/horizon.js';
import type { Preclaimed, Preclaimer } from '../store/preclaims.js';
import type { RepeatedEvents } from '../store/repeated-events.js';
import { prepareSchema } from '../store/schema.js';
import type { WorkerLeases } from '../store/worker-leases.js';
import { choresOf } from './chores.js';
import { boundHandlers, composeHandling, type HandlingParts } from './handling-parts.js';
import { composeLog, type LogParts } from './log-parts.js';
import { composeLookout, type LookoutParts } from './lookout-parts.js';
import type { ResolvedOptions } from './options.js';
import { ProcessLog } from './process-log.js';
import { composeSources, type SourceParts } from './source-parts.js';

/** Everything behind one `forRoot`: one log in one DataSource, its sources and its handlers. */
export class Engine {
  readonly name: string;
  readonly deliveries: Deliveries;
  readonly logger = new Logger('EventSourcing');
  /** Aborted when the application shuts down. */
  readonly stopping = new AbortController();
  readonly lookout: LookoutParts;
  /** Called when a delivery's retries ran out. */
  onExhausted: () => void = () => undefined;

  private readonly log: LogParts;
  private readonly entities: SourceParts;
  private readonly handling: HandlingParts;
  private readonly tracker: CommitTracker;
  private readonly upkeep: Upkeep;
  private readonly says = new ProcessLog(this.logger);

  constructor(
    readonly dataSource: DataSource,
    readonly options: ResolvedOptions,
    private readonly telemetry: Telemetry = NO_TELEMETRY,
  ) {
    this.name = options.dataSource ?? 'default';
    this.tracker = this.trackCommits();
    const listener = {
      appended: (runner: QueryRunner, recorded: Recorded) => this.appended(runner, recorded),
      groupMismatch: (key: string, group: string, existing: string) =>
        this.groupMismatch(key, group, existing),
    };
    // The worker is made of what is made with the log.
    const preclaimer: Preclaimer = {
      claimant: (handlerIds) => this.worker.preclaiming.claimant(handlerIds),
      takes: (handlerId) => this.worker.preclaiming.takes(handlerId),
      unlessAnswered: (statement) => this.worker.preclaiming.unlessAnswered(statement),
    };
    this.log = composeLog(dataSource, options, listener, telemetry, preclaimer);
    this.entities = composeSources(this.log, options, telemetry);
    const events = {
      leaseLost: () => this.leaseLost(),
      heartbeatFailed: (error: unknown) => this.heartbeatFailed(error),
      claimFailed: (error: unknown) => this.connectivity.unlessLost(() => this.says.claimFailed(error)),
      databaseLost: (reason: unknown) => this.says.databaseLost(reason),
      databaseReturned: (after: number) => this.databaseReturned(after),
      exhausted: () => this.onExhausted(),
    };
    this.handling = composeHandling(this.log, options, events, telemetry);
    this.deliveries = new Deliveries({
      ...this.log,
      cancelled: (ids) => ids.forEach((id) => this.worker.cancel(id)),
      heedPauses: () => this.worker.heedPauses(),
      wake: () => this.announce(),
    });
    this.lookout = composeLookout(this.log, this.handling, options, this);
    this.upkeep = new Upkeep(choresOf(this), options.worker.pollInterval, this.connectivity);
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

  get repeated(): RepeatedEvents {
    return this.log.repeated;
  }

  get types(): EventTypeRegistry {
    return this.log.types;
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

  get keeper(): LeaseKeeper {
    return this.handling.keeper;
  }

  get connectivity(): Connectivity {
    return this.handling.connectivity;
  }

  /** This process's handlers by their ids in the registry, without those that are paused. */
  get boundHandlers(): readonly BoundHandler[] {
    return boundHandlers(this.handlers, this.registry);
  }

  get hasKeyedHandlers(): boolean {
    return this.boundHandlers.some(({ keyed }) => keyed);
  }

  get handlerIds(): number[] {
    return this.boundHandlers.map(({ id }) => id);
  }

  /** Makes the database ready: from here on events can be recorded. */
  async prepare(): Promise<void> {
    const { dataSource, options } = this;
    const { database } = this.log;
    await this.types.register(options.events);
    database.dialect.install?.(dataSource);
    nameEntityTables(dataSource, database.tables, options.schemaName);
    await database.readIsolation();
    await prepareSchema(database, options.schema, (line) => this.logger.log(line));
    await database.transaction(async (sql) => database.dialect.catchUp?.(sql, database.tables));
    await this.registry.refresh();
  }

  /** Makes the handlers known to every process and listens to the DataSource's writes. */
  async connect(): Promise<void> {
    await this.registry.register(this.registrations);
    this.dataSource.subscribers.push(this.tracker, this.entities.subscriber);
  }

  start(): void {
    const { dispatch, worker } = this.options;
    if (dispatch === 'background') this.worker.start();
    if (dispatch === 'background' && worker.listen && this.handlers.all.length > 0)
      this.lookout.wakeUp.listen();
    if (dispatch !== 'inline') this.upkeep.start();
    if (dispatch !== 'none') this.telemetry.watchBacklog(() => backlogOf(this.database, this.registry.known));
  }

  /** Stops claiming, lets running handlers finish, gives back the rest. */
  async stop(): Promise<void> {
    this.stopping.abort();
    const drained = this.worker.drain(this.options.worker.shutdownTimeout);
    this.lookout.polling.stop();
    this.telemetry.close();
    await Promise.all([this.upkeep.stop(), drained]);
    this.connectivity.stop();
    await this.upkeep.finished();
    await this.lookout.wakeUp.stop();
    // Where the database cannot be reached the lease ends by itself.
    await this.handling.keeper.release().catch((error: unknown) => this.says.releaseFailed(error));
    await this.handling.control.close();
    this.log.stream.end();
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

  /** The same, in other processes too. */
  announce(): void {
    this.wake();
    this.lookout.wakeUp.tell();
  }

  get registrations(): HandlerRegistration[] {
    return this.handlers.all.map((handler) => handler.registration);
  }

  private trackCommits(): CommitTracker {
    return new CommitTracker(
      (runner, recorded) => this.committed(runner, recorded),
      (preclaimed) => this.worker.preclaiming.undone(preclaimed),
      (runner, { handlerIds }) => this.lookout.wakeUp.tellWithCommit(runner, this.toTellOthers(handlerIds)),
    );
  }

  private appended(runner: QueryRunner, recorded: Recorded): void {
    this.worker.preclaiming.created(recorded.preclaimed);
    this.tracker.recorded(runner, recorded);
  }

  private committed(runner: QueryRunner, { positions, handlerIds, preclaimed }: Recorded): void {
    this.log.store.committed(runner, positions);
    // Before the worker is woken, since it is not waiting then.
    const toTell = this.toTellOthers(handlerIds);
    if (this.options.dispatch === 'inline') {
      afterRelease(runner, () =>
        this.worker
          .runNow(positions)
          .catch((error: unknown) => this.logger.error(`Inline dispatch failed: ${String(error)}`)),
      );
      // When the saver has given its connection back: a claim on that one finds everything warm.
    } else setImmediate(() => this.handle(preclaimed, handlerIds));
    this.lookout.wakeUp.committed(runner, toTell);
  }

  private handle(preclaimed: readonly Preclaimed[], due: readonly number[]): void {
    if (preclaimed.length > 0) this.worker.preclaiming.committed(preclaimed);
    if (due.length > 0) this.wake();
  }

  private toTellOthers(due: readonly number[]): readonly number[] {
    const { dispatch, worker } = this.options;
    return toTellOthers(due, {
      handlerIds: new Set(this.handlerIds),
      inline: dispatch === 'inline',
      isWaiting: this.worker.isWaiting,
      concurrency: worker.concurrency,
    });
  }

  private groupMismatch(key: string, group: string, existing: string): void {
    this.logger.warn(
      `Event "${key}" was not recorded: its key is in the log with group "${existing}", not "${group}".`,
    );
  }

  private leaseLost(): void {
    this.says.leaseLost();
    this.worker.leaseLost();
    this.wake();
  }

  /** The next one is on a new connection. */
  private heartbeatFailed(error: unknown): void {
    void this.handling.control.close();
    this.connectivity.unlessLost(() => this.says.heartbeatFailed(error));
  }

  /** Before others can take over what this process holds. */
  private databaseReturned(after: number): void {
    this.handling.keeper.renew();
    this.says.databaseReturned(after);
    this.wake();
  }
}
