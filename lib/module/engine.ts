import { assertLogs } from '../followers/logs/assert-logs.js';
import type { DataSource, EntitySubscriberInterface } from 'typeorm';
import { NO_TELEMETRY, type Telemetry } from '../core/telemetry.js';
import { Deliveries } from '../handlers/deliveries.js';
import { inlineDispatch } from '../handlers/inline/inline-dispatch.js';
import { longestDrain } from '../handlers/draining.js';
import { harmlessTelemetry } from '../core/harmless-telemetry.js';
import { messageOf } from '../core/thrown.js';
import { loggerOf } from '../runtime/logging.js';
import type { ServiceStatus } from '../runtime/service.js';
import { Stages } from '../runtime/stages.js';
import { Upkeep } from '../runtime/upkeep.js';
import { DeliveryChanges } from '../store/deliveries/delivery-changes.js';
import { assertRights, assertSettings } from '../store/db/requirements.js';
import { DeliveryCounting } from '../store/views/delivery-counts.js';
import { DeliveryQueries } from '../store/views/delivery-queries.js';
import { unseenWrites } from '../sources/entity-calls.js';
import { prepareSchema } from '../store/db/schema.js';
import type { HandlerRegistration } from '../store/registry/handler-registry.js';
import { warnOfOtherColumns, warnOfOtherTables } from '../store/typeorm/entity-tables.js';
import { composeAggregates } from './aggregate-parts.js';
import { choresOf } from './chores.js';
import { leftToOthers, type OfferParts, offering } from './commits.js';
import { warnOfFormerNames } from './former-names.js';
import { composeCommands } from './command-parts.js';
import { composeFollowers, composeSharing } from './follower-parts.js';
import { composeHandling, type HandlingEvents } from './handling-parts.js';
import { composeLog } from './log-parts.js';
import { composeLookout } from './lookout-parts.js';
import { composeOperating } from './operating-parts.js';
import type { ResolvedOptions } from './options.js';
import type { Parts } from './parts.js';
import { ProcessLog } from './process-log.js';
import { composeSources } from './source-parts.js';
import { composeTransports } from './transport-parts.js';
import { LEASE, stagesOf } from './stages.js';
import { summaryOf, unmatchedNames } from './start-lines.js';

/** Subscribers of engines that have stopped. A DataSource that outlives its application has them until another engine comes. */
const RETIRED = new WeakSet<object>();

/** Everything behind one `forRoot`: one log in one DataSource, its sources and its handlers. */
export class Engine {
  readonly name: string;
  readonly parts: Parts;
  readonly deliveries: Deliveries;
  readonly logger = loggerOf('EventSourcing');
  /** Aborted when the application shuts down. */
  readonly stopping = new AbortController();
  /** Where its `forRoot` was called. */
  place = '';
  /** Called when a delivery's retries ran out. */
  onExhausted: () => void = () => undefined;

  private readonly stages: Stages;
  private readonly telemetry: Telemetry;
  private readonly says = new ProcessLog(this.logger);

  constructor(
    readonly dataSource: DataSource,
    readonly options: ResolvedOptions,
    watching: Telemetry = NO_TELEMETRY,
  ) {
    const telemetry = (this.telemetry = harmlessTelemetry(watching, (hook, error) =>
      this.logger.error(`Telemetry failed in ${hook}, said once: ${messageOf(error)}`),
    ));
    this.name = options.dataSource ?? 'default';
    const log = composeLog(dataSource, options, telemetry);
    const sources = composeSources(log, options, telemetry);
    const sharing = composeSharing(log, options);
    const handling = composeHandling(log, options, this.handlingEvents, telemetry, sharing.shares);
    const { worker, connectivity } = handling;
    const ahead = () => worker.runs.ahead;
    const queries = new DeliveryQueries(log.database, ahead);
    const lookout = composeLookout(log, handling, options, this);
    const aggregates = composeAggregates(log, options);
    const followers = composeFollowers(log, handling, aggregates, options, telemetry, sharing);
    const transports = composeTransports(log, handling, followers, options);
    const counting = new DeliveryCounting(log.database, ahead);
    const operating = composeOperating(log, options, {
      counting,
      logger: this.logger,
      wake: () => this.announce(),
    });
    this.parts = {
      ...{ ...log, ...sources, ...handling, ...lookout, ...followers, ...transports, ...operating },
      ...{ queries, aggregates, ...composeCommands(log) },
    };
    this.deliveries = this.deliveriesBy(counting);
    this.subscribe();
    const upkeep = new Upkeep(choresOf(this), options.worker.pollInterval, connectivity);
    this.stages = new Stages(
      stagesOf({ ...this.parts, upkeep, telemetry, options }),
      this.shutdownLimit,
      ({ name }, error) => this.stopFailed(name, error),
      ({ waitsFor }, left) => this.says.shutdownWaits(waitsFor, left),
    );
  }

  private deliveriesBy(counting: DeliveryCounting): Deliveries {
    const { database, worker } = this.parts;
    return new Deliveries({
      ...this.parts,
      counting,
      changes: new DeliveryChanges(database),
      cancelled: (ids) => ids.forEach((id) => worker.cancel(id)),
      heedPauses: () => worker.heedPauses(),
      wake: () => this.announce(),
      failed: (error) => this.logger.error(`A progress callback failed: ${messageOf(error)}`),
    });
  }

  /** Whoever starts or tells something of what this process records. */
  private subscribe(): void {
    const { commits, store, worker, inline } = this.parts;
    const { dispatch } = this.options;
    commits.on(offering(this.options, this.offerParts));
    if (dispatch === 'background') {
      store.preclaimWith(worker.preclaiming);
      commits.on(worker.preclaiming);
    }
    if (dispatch === 'inline') {
      const failed = (error: unknown) => this.logger.error(`Inline dispatch failed: ${String(error)}`);
      commits.on(inlineDispatch((events) => inline.committed(events), failed));
    }
  }

  private get offerParts(): OfferParts {
    const { worker, wakeUp } = this.parts;
    return { worker, wakeUp, handlerIds: () => this.handlerIds, wake: () => this.wake() };
  }

  get handlerIds(): number[] {
    return this.parts.boundHandlers().map(({ id }) => id);
  }

  get registrations(): HandlerRegistration[] {
    return this.parts.handlers.all.map((handler) => handler.registration);
  }

  /** Makes the database ready: from here on events can be recorded. */
  async prepare(): Promise<void> {
    const { dataSource, options } = this;
    const { database, types, registry } = this.parts;
    await types.register(options.events);
    database.dialect.driver.install?.(dataSource);
    warnOfOtherTables(dataSource, database.naming, this.logger);
    await assertSettings(database);
    await database.readIsolation();
    if (options.idle) return;
    await prepareSchema(database, options.schema, (line) => this.logger.log(line));
    await assertRights(database, options.dispatch !== 'none');
    await warnOfOtherColumns(dataSource, this.logger);
    await database.transaction(async (sql) => database.dialect.schema.catchUp?.(sql, database.tables));
    await registry.refresh();
  }

  /** Makes the handlers known to every process and listens to the DataSource's writes. */
  async connect(): Promise<void> {
    const { registry, sources } = this.parts;
    if (this.options.idle) return;
    await registry.register(this.registrations);
    const { followerSet, followerTable } = this.parts;
    if (followerSet.size > 0) {
      assertLogs(followerSet.all, await followerTable.look());
      await followerTable.register(followerSet.all);
      await followerTable.heartbeat(followerSet.all);
    }
    const warn = (line: string) => this.logger.warn(line);
    await warnOfFormerNames(this.registrations, registry.known, this.deliveries, warn);
    const { subscribers } = this.dataSource;
    const others = subscribers.filter((subscriber) => !RETIRED.has(subscriber));
    subscribers.splice(0, subscribers.length, ...others, ...this.subscribers);
    if (this.options.bulkWrites !== 'throw')
      for (const line of unseenWrites(sources.all())) this.logger.log(line);
  }

  /** A DataSource that was destroyed and initialised again, as after new credentials, has forgotten who listened to it. */
  async reconnect(): Promise<void> {
    const { dataSource, parts } = this;
    if (!dataSource.isInitialized || dataSource.subscribers.includes(parts.commits.tracker)) return;
    parts.sources.renew();
    dataSource.subscribers.push(...this.subscribers);
    this.says.initialisedAgain();
    await parts.requestAll();
  }

  start(): Promise<void> {
    const { handlers, sources, types } = this.parts;
    const known = types.types.map(({ name }) => name);
    for (const line of unmatchedNames(handlers.all, known)) this.logger.warn(line);
    const started = { name: this.name, database: this.dataSource.options.type, options: this.options };
    const names = {
      handlers: handlers.all.map(({ name }) => name),
      sources: sources.all().map(({ name }) => name),
    };
    if (this.options.summary) this.logger.log(summaryOf({ ...started, ...names }));
    return this.telemetry.unseen(() => this.stages.start());
  }

  /** Whether a sudden end would cut handlers off, and somebody wants to be told. */
  get warnsOfSuddenEnd(): boolean {
    const { dispatch, summary } = this.options;
    return summary && dispatch === 'background' && this.parts.handlers.size > 0;
  }

  hooksForgotten(signal: string): void {
    this.says.hooksForgotten(signal);
  }

  /** How each part that goes on until it is stopped is doing. */
  get services(): readonly ServiceStatus[] {
    return this.stages.statuses;
  }

  /** Milliseconds that shutdown waits for what runs, handlers or not: it may be waiting for a connection for ever. */
  get shutdownLimit(): number {
    return longestDrain(this.options.worker.shutdownTimeout);
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
    else if (!this.parts.connectivity.isLost)
      this.logger.debug(`Shutdown: ${service} did not stop: ${String(error)}`);
  }

  private get subscribers(): EntitySubscriberInterface[] {
    const { commits, sealed, subscriber } = this.parts;
    return [commits.tracker, sealed, subscriber];
  }

  /** Something may be due. */
  wake(): void {
    if (this.options.dispatch === 'background') this.parts.worker.wake();
  }

  /** Something may be due, here and in other processes: of these handlers, or of any. */
  announce(toTell?: readonly number[]): void {
    this.wake();
    this.parts.wakeUp.tell({ handlerIds: toTell });
  }

  private get handlingEvents(): HandlingEvents {
    const { says } = this;
    const unlessAway = (complain: () => void) => this.parts.connectivity.unlessLost(complain);
    return {
      leaseLost: () => {
        says.leaseLost();
        this.parts.worker.leaseLost();
        this.parts.following.wake();
        this.wake();
      },
      heartbeatFailed: (error) => {
        // The next one is on a new connection.
        void this.parts.control.close();
        unlessAway(() => says.heartbeatFailed(error));
      },
      claimFailed: (error) => unlessAway(() => says.claimFailed(error)),
      databaseLost: (reason) => says.databaseLost(reason),
      databaseReturned: (after) => {
        // Before others can take over what this process holds.
        this.parts.keeper.renew();
        says.databaseReturned(after);
        this.parts.following.wake();
        this.wake();
      },
      exhausted: () => this.onExhausted(),
      promoted: (handlerIds) => this.announce(leftToOthers(handlerIds, this.options, this.offerParts)),
      promotionFailed: (error) => unlessAway(() => says.promotionFailed(error)),
    };
  }
}
