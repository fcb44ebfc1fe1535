import { DataSource } from 'typeorm';
import { type Clock, systemClock } from '../../../lib/core/clock.js';
import { PayloadCodec } from '../../../lib/payload/payload-codec.js';
import { Database } from '../../../lib/store/db/database.js';
import { DeliveryQueries } from '../../../lib/store/views/delivery-queries.js';
import { DeliveryChanges } from '../../../lib/store/deliveries/delivery-changes.js';
import type { DeliveryFilter } from '../../../lib/store/deliveries/delivery-filter.js';
import { DeliveryQueue } from '../../../lib/store/deliveries/delivery-queue.js';
import { EventLog } from '../../../lib/store/log/event-log.js';
import { EventTypeRegistry } from '../../../lib/event-types/event-type-registry.js';
import { EventStream } from '../../../lib/store/commits/event-stream.js';
import { CommitHub } from '../../../lib/store/commits/commit-hub.js';
import { eventsInLog } from '../../../lib/store/commits/events-in-log.js';
import { EventLogStore } from '../../../lib/store/log/event-log-store.js';
import { FanOut } from '../../../lib/store/registry/fan-out.js';
import { HandlerRegistry, type HandlerRegistration } from '../../../lib/store/registry/handler-registry.js';
import { Horizon } from '../../../lib/store/db/horizon.js';
import { prepareSchema } from '../../../lib/store/db/schema.js';
import type { TableNaming } from '../../../lib/store/ports/tables.js';
import { TypeOrmEntities } from '../../../lib/store/typeorm/typeorm-entities.js';
import { WorkerLeases } from '../../../lib/store/deliveries/worker-leases.js';
import { type DatabaseAddress, dataSourceOptionsFrom, type ExtraOptions } from '../../support/databases.js';

export interface LogProcessSetup {
  naming?: TableNaming;
  clock?: Clock;
  extra?: ExtraOptions;
}

/** The store as one process of an application has it, without Nest and without a worker. */
export class LogProcess {
  readonly horizon: Horizon;
  readonly registry: HandlerRegistry;
  readonly fanOut: FanOut;
  readonly queue: DeliveryQueue;
  readonly queries: DeliveryQueries;
  readonly changes: DeliveryChanges;
  readonly leases: WorkerLeases;
  readonly store: EventLogStore;
  readonly log: EventLog;
  readonly mismatches: string[][] = [];
  readonly appended: number[] = [];

  constructor(readonly database: Database) {
    const entities = new TypeOrmEntities(database.dataSource);
    const codec = new PayloadCodec({ entities });
    this.horizon = new Horizon(database);
    this.registry = new HandlerRegistry(database, this.horizon, 30_000);
    this.fanOut = new FanOut(database, this.registry, this.horizon);
    this.queue = new DeliveryQueue(database);
    this.queries = new DeliveryQueries(database);
    this.changes = new DeliveryChanges(database);
    this.leases = new WorkerLeases(database, 3_600_000);
    const commits = new CommitHub({
      inLog: (events) => database.run((sql) => eventsInLog(sql, database.tables, { events })),
      expiry: 30_000,
      failed: (error) => {
        throw error;
      },
    });
    commits.on({ appended: (events) => this.appended.push(...events.map(({ position }) => position)) });
    this.store = new EventLogStore({
      database,
      registry: this.registry,
      codec,
      commits,
      mismatch: (...mismatch) => this.mismatches.push(mismatch),
    });
    const { store, horizon } = this;
    const types = new EventTypeRegistry({
      nestedNames: false,
      whitelist: false,
      trustedProxies: 0,
      now: () => database.clock.now().getTime(),
      isOwn: (value) => codec.isOwn(value),
    });
    const stream = new EventStream(() => undefined);
    this.log = new EventLog({ database, store, types, stream, codec, entities, horizon });
  }

  static async start(address: DatabaseAddress, setup: LogProcessSetup = {}): Promise<LogProcess> {
    const { naming = { prefix: 'once_' }, clock = systemClock, extra = {} } = setup;
    const dataSource = await new DataSource(dataSourceOptionsFrom(address, extra)).initialize();
    const database = new Database(dataSource, naming, clock);
    database.dialect.driver.install?.(dataSource);
    await prepareSchema(database, 'migrate');
    const process = new LogProcess(database);
    await process.registry.refresh();
    return process;
  }

  stop(): Promise<void> {
    return this.database.dataSource.destroy();
  }

  /** Records events of this group, under the registry as this process knows it; their positions. */
  async write(group: string, ...keys: string[]): Promise<number[]> {
    const results = await this.log.append(keys.map((key) => ({ group, key })));
    return results.map(({ event }) => event!.position);
  }

  /** Resolves when the horizon has come to this position: on one server, others may hold it up for a moment. */
  async decided(position = Math.max(0, ...this.appended)): Promise<void> {
    while ((await this.horizon.advance()) < position);
  }

  /** The last position in the log. */
  async last(): Promise<number> {
    const statement = `SELECT max(position) AS last FROM ${this.database.tables.event}`;
    return Number((await this.database.run((sql) => sql.row(statement)))!.last ?? 0);
  }

  /** What the upkeep of a process does over and over; where nothing is `open`, up to the end of the log. */
  async upkeep({ open = false } = {}): Promise<number> {
    await this.registry.refresh();
    if (!open) await this.decided(await this.last());
    return (await this.fanOut.reconcile()) + (await this.fanOut.continueFills());
  }

  async retry(filter: DeliveryFilter): Promise<number> {
    let retried = 0;
    for await (const count of this.changes.retry(filter)) retried += count;
    return retried;
  }

  async cancel(filter: DeliveryFilter): Promise<void> {
    for await (const _ of this.changes.cancel(filter));
  }

  /** Keys of the handler's deliveries, open and finished, in log order. */
  async deliveredTo(handler: string): Promise<string[]> {
    await this.registry.refresh();
    const name = this.registry.byName(handler)?.name ?? handler;
    return (await this.queries.list({ handler: name }, [0, 0], 1000)).map(({ view }) => view.key);
  }

  /** Handles everything, and deletes what that leaves of it: the handler's deliveries so far are nowhere any more. */
  async handleAndPrune(handler: string): Promise<string[]> {
    const workerId = await this.leases.register();
    const { id } = this.registry.byName(handler)!;
    const request = { workerId, quotas: [{ handlerId: id, take: 1000 }], suspects: false };
    const { claimed } = await this.queue.claim(request);
    await this.queue.complete(workerId, claimed);
    const { tables } = this.database;
    await this.database.run((sql) => sql.change(`DELETE FROM ${tables.finished} WHERE handler_id = ?`, [id]));
    return claimed.map(({ event }) => event.key);
  }
}

export function handler(name: string, ...patterns: (RegExp | string)[]): HandlerRegistration {
  return { name, formerly: [], patterns, rank: 0 };
}
