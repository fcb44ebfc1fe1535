import type { Database } from '../db/database.js';
import type { Horizon } from '../db/horizon.js';
import { FAN_OUT } from '../db/position.js';
import { optionalNumber, type Row, type Sql } from '../ports/sql.js';
import type { HandlerRegistry } from '../registry/handler-registry.js';
import { backlogOf, deadOf } from './backlog.js';
import type { DeliveryCounting, DeliveryCount, DeliveryCounts } from './delivery-counts.js';
import { type HandlerView, handlerViews } from './handler-views.js';

/** Dead deliveries of each handler that are counted, at most. */
const COUNTED = 10_000;
/** Processes that are shown, at most: the last that started. */
const WORKERS = 1000;
/** SQL: what a process has told of itself. */
const TOLD = 'r.library_release, r.application_release, r.tables_version';

export interface HandlerStatus extends HandlerView {
  /** Deliveries that are due and that nobody has claimed; counted up to 20,000. */
  due: number;
  /** Milliseconds for which the oldest of them has been due. */
  lag: number;
  dead: DeliveryCount;
}

/** A process that handles, or did until a short time ago. */
export interface WorkerStatus {
  id: number;
  host: string;
  pid: number;
  /** Of this library. Undefined where the process is of a release that does not tell. */
  library?: string;
  /** Of the application. Undefined where it names none. */
  release?: string;
  /** The version of the tables that its release makes. Undefined where it does not tell. */
  tables?: number;
  startedAt: Date;
  /** Until when its claims are its own without a further heartbeat. */
  leaseUntil: Date;
  /** False once that is over: another process takes over what it had claimed. */
  alive: boolean;
}

/** What runs in some of the processes that are alive. */
export interface RunningVersion extends Pick<WorkerStatus, 'library' | 'release' | 'tables'> {
  processes: number;
}

/** Something that one process of all does at a time. */
export interface LeaseStatus {
  /** Such as `rescan` or `retention`. */
  name: string;
  until: Date;
}

export interface LogStatusView {
  /** By the database's clock, as all times and ages here. */
  at: Date;
  /** Position of the last event. 0 where there is none. */
  position: number;
  /** Up to where the log is decided: no event can appear at or below it any more. */
  decided: number;
  /** Up to where every handler has been given its deliveries. */
  fannedOut: number;
  /** Version of the handlers that are known: each change of them is a new one. */
  registryVersion: number;
  /** Version of the tables. */
  tables: number;
  deliveries: DeliveryCounts;
  handlers: HandlerStatus[];
  workers: WorkerStatus[];
  /** The versions that run: during a rolling deploy, two. */
  versions: RunningVersion[];
  leases: LeaseStatus[];
  /** Entities whose re-scan bulk writes have asked for. */
  rescansRequested: string[];
}

export interface LogStatusParts {
  database: Database;
  horizon: Pick<Horizon, 'advance'>;
  registry: HandlerRegistry;
  counting: DeliveryCounting;
}

/** How the log stands, and all that works on it, in whatever process: for a person, at a bounded cost. */
export class LogStatus {
  constructor(private readonly parts: LogStatusParts) {}

  async read(): Promise<LogStatusView> {
    const { database, horizon, registry, counting } = this.parts;
    await registry.refresh();
    const decided = await horizon.advance();
    return {
      ...(await database.run((sql) => this.facts(sql))),
      decided,
      registryVersion: registry.currentVersion,
      deliveries: await counting.counts({}),
      handlers: await this.handlers(),
    };
  }

  private async facts(
    sql: Sql,
  ): Promise<Omit<LogStatusView, 'decided' | 'registryVersion' | 'deliveries' | 'handlers'>> {
    const { tables, dialect } = this.parts.database;
    const row = (await sql.row(
      `SELECT ${dialect.syntax.now} AS now_ms, (SELECT max(position) FROM ${tables.event}) AS position,
        (SELECT value FROM ${tables.state} WHERE name = ?) AS fanned_out,
        (SELECT max(version) FROM ${tables.migration}) AS tables_version`,
      [FAN_OUT],
    ))!;
    const now = Number(row.now_ms);
    const workers = await sql.rows(`SELECT w.*, ${TOLD} ${this.told()} ORDER BY w.id DESC LIMIT ${WORKERS}`);
    const leases = await sql.rows(
      `SELECT name, lease_until FROM ${tables.lease} WHERE lease_until > ? ORDER BY name`,
      [now],
    );
    const requests = await sql.rows(`SELECT DISTINCT entity FROM ${tables.rescanRequest} ORDER BY entity`);
    return {
      at: new Date(now),
      position: optionalNumber(row.position) ?? 0,
      fannedOut: optionalNumber(row.fanned_out) ?? 0,
      tables: optionalNumber(row.tables_version) ?? 0,
      workers: workers.reverse().map((worker) => workerStatus(worker, now)),
      versions: await this.versions(sql, now),
      leases: leases.map(({ name, lease_until: until }) => ({
        name: name as string,
        until: new Date(Number(until)),
      })),
      rescansRequested: requests.map(({ entity }) => entity as string),
    };
  }

  private told(): string {
    const { worker, workerRelease } = this.parts.database.tables;
    return `FROM ${worker} w LEFT JOIN ${workerRelease} r ON r.worker_id = w.id`;
  }

  private async versions(sql: Sql, now: number): Promise<RunningVersion[]> {
    const rows = await sql.rows(
      `SELECT ${TOLD}, count(*) AS processes ${this.told()} WHERE w.lease_until > ?
       GROUP BY r.library_release, r.application_release, r.tables_version ORDER BY min(w.id)`,
      [now],
    );
    return rows.map((row) => ({ ...releaseOf(row), processes: Number(row.processes) }));
  }

  private async handlers(): Promise<HandlerStatus[]> {
    const { database, registry } = this.parts;
    const { known } = registry;
    const backlog = await backlogOf(database, known);
    const dead = new Map<string, DeliveryCount>();
    await database.run(async (sql) => {
      for (const { id, name } of known) {
        const count = await deadOf(database, sql, [id], COUNTED + 1);
        dead.set(name, count > COUNTED ? { count: COUNTED, atLeast: true } : count);
      }
    });
    return (await handlerViews(database)).map((view) => {
      const { due = 0, lag = 0 } = backlog.find(({ handler }) => handler === view.name) ?? {};
      return { ...view, due, lag, dead: dead.get(view.name) ?? 0 };
    });
  }
}

function workerStatus(row: Row, now: number): WorkerStatus {
  const until = Number(row.lease_until);
  return {
    id: Number(row.id),
    // The rest makes it unique.
    host: (row.host as string).replace(/#\d+#[0-9a-z]*$/, ''),
    pid: Number(row.pid),
    ...releaseOf(row),
    startedAt: new Date(Number(row.started_at)),
    leaseUntil: new Date(until),
    alive: until > now,
  };
}

function releaseOf({
  library_release: library,
  application_release: release,
  tables_version: tables,
}: Row): Omit<RunningVersion, 'processes'> {
  return {
    ...(typeof library === 'string' ? { library } : {}),
    ...(typeof release === 'string' ? { release } : {}),
    ...(tables === null ? {} : { tables: Number(tables) }),
  };
}
