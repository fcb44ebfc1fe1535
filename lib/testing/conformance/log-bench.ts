import { strict as assert } from 'node:assert';
import type { DataSource, EntityManager } from 'typeorm';
import type { Clock } from '../../core/clock.js';
import { Database } from '../../store/db/database.js';
import { type AttemptId, DeliveryQueue } from '../../store/deliveries/delivery-queue.js';
import type { DeliveryId } from '../../store/ports/delivery-ids.js';
import { type Appended, type ClaimedDelivery, type EventRow, recordedAt } from '../../store/ports/rows.js';
import { prepareSchema } from '../../store/db/schema.js';
import type { Row, Sql } from '../../store/ports/sql.js';
import { WorkerLeases } from '../../store/deliveries/worker-leases.js';

const NAMING = { prefix: 'once_' };
const HOUR = 3_600_000;

/** What a check works with: the log in one database, seen through several DataSources as through several processes. */
export class LogBench {
  private readonly opened: Promise<DataSource>[] = [];
  private prepared?: Promise<void>;
  private count = 0;

  constructor(private readonly open: () => Promise<DataSource>) {}

  /** The database through the DataSource of this number. */
  async database(number = 0, clock?: Clock): Promise<Database> {
    this.opened[number] ??= this.connect();
    const database = new Database(await this.opened[number], NAMING, clock);
    this.prepared ??= prepareSchema(database, 'migrate');
    await this.prepared;
    return database;
  }

  async close(): Promise<void> {
    for (const opening of this.opened.splice(0).filter(Boolean)) await (await opening).destroy();
  }

  /** A string that no other call of this bench returns. */
  unique(name: string): string {
    this.count += 1;
    return `${name} ${this.count}`;
  }

  /** The id of a new handler. */
  async handler(): Promise<number> {
    const { tables } = await this.database();
    const name = this.unique('handler');
    return this.run(async (sql) => {
      await sql.change(`INSERT INTO ${tables.handler} (name, former_names) VALUES (?, '[]')`, [name]);
      return Number((await sql.row(`SELECT id FROM ${tables.handler} WHERE name = ?`, [name]))!.id);
    });
  }

  /** A worker with a lease of an hour; a dead one's has lapsed. */
  async worker({ dead = false } = {}): Promise<number> {
    return new WorkerLeases(await this.database(), dead ? -HOUR : HOUR).register();
  }

  /** Appends in a transaction of its own. */
  async append(rows: readonly EventRow[], number = 0, clock?: Clock): Promise<Appended[]> {
    const database = await this.database(number, clock);
    return database.atomically((sql) =>
      database.dialect.log.append(sql, database.tables, rows, database.time()),
    );
  }

  /** Appends in the transaction of the application. */
  async appendIn(manager: EntityManager, rows: readonly EventRow[]): Promise<Appended[]> {
    const database = await this.database();
    const sql = database.on(manager.queryRunner!);
    return database.dialect.log.append(sql, database.tables, rows, database.time());
  }

  /** Pending deliveries of one handler, one for each of its new events; in the order of the log. */
  async deliveries(handler: number, count: number, clock?: Clock): Promise<AttemptId[]> {
    const rows = Array.from({ length: count }, () =>
      eventRow(this.unique('event'), { handlers: [{ id: handler, rank: 0 }] }),
    );
    return (await this.append(rows, 0, clock)).map((row) => ({
      handlerId: handler,
      position: recordedAt(row)!,
      starts: 0,
    }));
  }

  async queue(number = 0, clock?: Clock): Promise<DeliveryQueue> {
    return new DeliveryQueue(await this.database(number, clock));
  }

  /** Claims up to `take` of one handler's deliveries. */
  async claim(workerId: number, handlerId: number, take = 100, clock?: Clock): Promise<ClaimedDelivery[]> {
    const queue = await this.queue(0, clock);
    return (await queue.claim({ workerId, quotas: [{ handlerId, take }], suspects: false })).claimed;
  }

  /** The delivery's row, open or finished. */
  async delivery({ handlerId, position }: DeliveryId): Promise<Row | undefined> {
    const { tables } = await this.database();
    const find = (table: string) =>
      this.run((sql) =>
        sql.row(`SELECT * FROM ${table} WHERE handler_id = ? AND position = ?`, [handlerId, position]),
      );
    return (await find(tables.delivery)) ?? find(tables.finished);
  }

  /** Events by key, as stored. */
  async event(key: string): Promise<Row | undefined> {
    const { tables } = await this.database();
    return this.run((sql) => sql.row(`SELECT * FROM ${tables.event} WHERE event_key = ?`, [key]));
  }

  async run<T>(work: (sql: Sql) => Promise<T>): Promise<T> {
    return (await this.database()).run(work);
  }

  private async connect(): Promise<DataSource> {
    const dataSource = await this.open();
    new Database(dataSource, NAMING).dialect.driver.install?.(dataSource);
    return dataSource;
  }
}

/** A check before it has a bench. */
export interface BenchCheck {
  name: string;
  run(bench: LogBench): Promise<void>;
}

export function eventRow(key: string, values: Partial<EventRow> = {}): EventRow {
  const now = Date.now();
  return {
    key,
    group: 'conformance.Checked',
    payload: '{"checked":true}',
    payloadBytes: null,
    encoding: 'json',
    metadata: '{"correlationId":"check"}',
    stream: null,
    streamVersion: null,
    orderKey: null,
    occurredAt: now,
    recordedAt: now,
    availableAt: null,
    registryVersion: 0,
    tags: [],
    handlers: [],
    ...values,
  };
}

export function positionsOf(appended: readonly Appended[]): number[] {
  return appended.map((answer) => {
    assert.equal(answer.kind, 'recorded', 'Expected the event to be recorded');
    return recordedAt(answer)!;
  });
}

export function assertRising(positions: readonly number[]): void {
  for (const [index, position] of positions.entries()) {
    if (index > 0)
      assert.ok(position > positions[index - 1]!, `${position} comes after ${positions[index - 1]}`);
  }
}

/** What a transaction is rolled back with on purpose. */
export class RolledBack extends Error {}

/** Runs a transaction of the application that rolls back in the end. */
export async function rolledBack(
  database: Database,
  work: (manager: EntityManager) => Promise<unknown>,
): Promise<void> {
  const transaction = database.dataSource.transaction(async (manager) => {
    await work(manager);
    throw new RolledBack();
  });
  await assert.rejects(transaction, RolledBack);
}

/** A promise and what resolves it: the signal that one side of a check waits for. */
export class Signal {
  private resolve!: () => void;
  readonly given = new Promise<void>((resolve) => (this.resolve = resolve));

  give(): void {
    this.resolve();
  }
}
