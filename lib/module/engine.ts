import { Logger } from '@nestjs/common';
import type { DataSource, EntitySubscriberInterface } from 'typeorm';
import type { Connectivity } from '../runtime/connectivity.js';
import { NO_TELEMETRY, type Telemetry } from '../core/telemetry.js';
import type { EventTypeRegistry } from '../event-types/event-type-registry.js';
import { Deliveries } from '../handlers/deliveries.js';
import type { HandlerSet } from '../handlers/handler-set.js';
import type { LeaseKeeper } from '../handlers/claims/lease-keeper.js';
import type { BoundHandler } from '../handlers/claims/runs.js';
import { InlineDispatch } from '../handlers/inline/inline-dispatch.js';
import { Upkeep } from '../runtime/upkeep.js';
import type { ServiceStatus } from '../runtime/service.js';
import { Stages } from '../runtime/stages.js';
import { GIVE_BACK_LIMIT, type Worker } from '../handlers/worker.js';
import type { Rescan } from '../sources/rescan/rescan.js';
import type { SourceRegistry } from '../sources/source-registry.js';
import type { CommitHub } from '../store/commits/commit-hub.js';
import type { Database } from '../store/db/database.js';
import type { DeliveryQueries } from '../store/views/delivery-queries.js';
import { warnOfOtherTables } from '../store/typeorm/entity-tables.js';
import type { EventLog } from '../store/log/event-log.js';
import type { FanOut } from '../store/registry/fan-out.js';
import type { HandlerRegistration, HandlerRegistry } from '../store/registry/handler-registry.js';
import type { Horizon } from '../store/db/horizon.js';
import type { RepeatedEvents } from '../store/log/repeated-events.js';
import { prepareSchema } from '../store/db/schema.js';
import type { WorkerLeases } from '../store/deliveries/worker-leases.js';
import { choresOf } from './chores.js';
import { leftToOthers, type OfferParts, offering } from './commits.js';
import { boundHandlers, composeHandling, type HandlingEvents, type HandlingParts } from './handling-parts.js';
import { composeLog, type LogParts } from './log-parts.js';
import { composeLookout, type LookoutParts } from './lookout-parts.js';
import type { ResolvedOptions } from './options.js';
import { ProcessLog } from './process-log.js';
import { composeSources, type SourceParts } from './source-parts.js';
import { LEASE, stagesOf } from './stages.js';

/** Subscribers of engines that have stopped. A DataSource that outlives its application has them until another engine comes. */
const RETIRED = new WeakSet<object>();

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
  private readonly stages: Stages;
  private readonly says = new ProcessLog(this.logger);

  constructor(
    readonly dataSource: DataSource,
    readonly options: ResolvedOptions,
    telemetry: Telemetry = NO_TELEMETRY,
  ) {
    this.name = options.dataSource ?? 'default';
    this.log = composeLog(dataSource, options, telemetry);
    this.entities = composeSources(this.log, options, telemetry);
    this.handling = composeHandling(this.log, options, this.handlingEvents, telemetry);
    this.deliveries = new Deliveries({
      ...this.log,
      cancelled: (ids) => ids.forEach((id) => this.worker.cancel(id)),
      promoter: this.handling.promoter,
      heedPauses: () => this.worker.heedPauses(),
      wake: () => this.announce(),
    });
    this.lookout = composeLookout(this.log, this.handling, options, this);
    this.subscribe();
    const upkeep = new Upkeep(choresOf(this), options.worker.pollInterval, this.connectivity);
    const { log, handling, lookout } = this;
    this.stages = new Stages(
      stagesOf({ log, handling, lookout, upkeep, telemetry, options }),
      this.shutdownLimit,
      ({ name }, error) => this.stopFailed(name, error),
    );
  }

  /** Whoever starts or tells something of what this process records. */
  private subscribe(): void {
    const { commits, store } = this.log;
    const { dispatch } = this.options;
    commits.on(offering(this.options, this.offerParts));
    if (dispatch === 'background') {
      store.preclaimWith(this.worker.preclaiming);
      commits.on(this.worker.preclaiming);
    }
    if (dispatch === 'inline') {
      const failed = (error: unknown) => this.logger.error(`Inline dispatch failed: ${String(error)}`);
      commits.on(new InlineDispatch((positions) => this.worker.runNow(positions), failed));
    }
  }

  private get offerParts(): OfferParts {
    return {
      worker: this.worker,
      wakeUp: this.lookout.wakeUp,
      handlerIds: () => this.handlerIds,
      wake: () => this.wake(),
    };
  }

  get eventLog(): EventLog {
    return this.log.eventLog;
  }

  get database(): Database {
    return this.log.database;
  }

  get commits(): CommitHub {
    return this.log.commits;
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
    warnOfOtherTables(dataSource, database.naming, this.logger);
    await database.readIsolation();
    await prepareSchema(database, options.schema, (line) => this.logger.log(line));
    await database.transaction(async (sql) => database.dialect.catchUp?.(sql, database.tables));
    await this.registry.refresh();
  }

  /** Makes the handlers known to every process and listens to the DataSource's writes. */
  async connect(): Promise<void> {
    await this.registry.register(this.registrations);
    const { subscribers } = this.dataSource;
    const others = subscribers.filter((subscriber) => !RETIRED.has(subscriber));
    subscribers.splice(0, subscribers.length, ...others, ...this.subscribers);
  }

  start(): Promise<void> {
    return this.stages.start();
  }

  /** How each part that goes on until it is stopped is doing. */
  get services(): readonly ServiceStatus[] {
    return this.stages.statuses;
  }

  /** Milliseconds that shutdown waits for what runs, handlers or not: it may be waiting for a connection for ever. */
  get shutdownLimit(): number {
    return this.options.worker.shutdownTimeout + GIVE_BACK_LIMIT;
  }

  /** Stops claiming, lets running handlers finish, gives back the rest. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await this.stages.stop();
    // What the application still writes until the DataSource is closed has to be recorded, so nothing is removed here.
    for (const subscriber of this.subscribers) RETIRED.add(subscriber);
  }

  private stopFailed(service: string, error: unknown): void {
    if (service === LEASE) this.says.releaseFailed(error);
    else if (!this.connectivity.isLost)
      this.logger.debug(`Shutdown: ${service} did not stop: ${String(error)}`);
  }

  private get subscribers(): EntitySubscriberInterface[] {
    return [this.log.commits.tracker, this.handling.sealed, this.entities.subscriber];
  }

  /** Something may be due. */
  wake(): void {
    if (this.options.dispatch === 'background') this.worker.wake();
  }

  /** The same, in other processes too: of these handlers, or of any. */
  announce(toTell?: readonly number[]): void {
    this.wake();
    this.lookout.wakeUp.tell({ handlerIds: toTell });
  }

  private get handlingEvents(): HandlingEvents {
    return {
      leaseLost: () => this.leaseLost(),
      heartbeatFailed: (error) => this.heartbeatFailed(error),
      claimFailed: (error) => this.connectivity.unlessLost(() => this.says.claimFailed(error)),
      databaseLost: (reason) => this.says.databaseLost(reason),
      databaseReturned: (after) => this.databaseReturned(after),
      exhausted: () => this.onExhausted(),
      promoted: (handlerIds) => this.announce(leftToOthers(handlerIds, this.options, this.offerParts)),
      promotionFailed: (error) => this.connectivity.unlessLost(() => this.says.promotionFailed(error)),
    };
  }

  get registrations(): HandlerRegistration[] {
    return this.handlers.all.map((handler) => handler.registration);
  }

  private leaseLost(): void {
    this.says.leaseLost();
    this.worker.leaseLost();
    this.wake();
  }

  /** The next one is on a new connection. */
  private heartbeatFailed(error: unknown): void {
    void this.log.control.close();
    this.connectivity.unlessLost(() => this.says.heartbeatFailed(error));
  }

  /** Before others can take over what this process holds. */
  private databaseReturned(after: number): void {
    this.handling.keeper.renew();
    this.says.databaseReturned(after);
    this.wake();
  }
}
