import { DataSource, type DataSourceOptions, type Logger } from 'typeorm';
import { settledWithin } from '../../runtime/deadline.js';
import type { Database } from './database.js';
import { HeldConnection } from './held-connection.js';
import type { Sql } from '../ports/sql.js';

/** Milliseconds that closing waits for a connection that does not even open. */
const CLOSE_LIMIT = 2000;

/** Who wants something done first on each new connection. */
export interface ConnectionTenant {
  /**
   * True when it is done and need not be asked for on this connection again. Must not reject: what the connection is
   * used for goes on.
   */
  opened(sql: Sql): Promise<boolean>;
  /** The connection is given up; the next use opens a new one. */
  closed(): void;
}

/**
 * A connection of its own beside the application's pool, for what must not wait for it: heartbeats, and messages
 * between processes. Only for statements that are short and wait for no lock, since they wait for each other. SQLite
 * has one connection for all.
 */
export class ControlConnection {
  private opening?: Promise<HeldConnection>;
  private readonly known = new WeakSet<object>();
  private tenant?: ConnectionTenant;

  constructor(
    private readonly database: Database,
    /** Where it connects to instead, past whatever stands between the pool and the server. */
    private readonly directUrl?: string,
  ) {}

  /** One tenant, before the first use. */
  accommodate(tenant: ConnectionTenant): void {
    this.tenant = tenant;
  }

  async run<T>(work: (sql: Sql) => Promise<T>): Promise<T> {
    if (!this.database.dialect.can.pool) return this.database.run(work);
    const connection = await this.open();
    return connection.use((runner) =>
      this.database.using(runner, async (sql) => {
        await this.introduce(sql);
        return work(sql);
      }),
    );
  }

  /** What is under way fails. */
  async close(): Promise<void> {
    const { opening } = this;
    this.opening = undefined;
    if (opening) this.tenant?.closed();
    const closed = opening?.then((connection) => connection.end()).catch(() => undefined);
    if (closed) await settledWithin(closed, CLOSE_LIMIT);
  }

  /** The pool may have made a new connection. */
  private async introduce(sql: Sql): Promise<void> {
    if (!this.tenant) return;
    const connection = (await sql.runner.connect()) as object;
    if (this.known.has(connection)) return;
    if (await this.tenant.opened(sql)) this.known.add(connection);
  }

  private open(): Promise<HeldConnection> {
    if (this.opening) return this.opening;
    const { dialect } = this.database;
    const opening = new DataSource(controlOptions(this.database, this.directUrl))
      .initialize()
      .then((control) => {
        dialect.driver.install?.(control);
        return new HeldConnection(control, async (runner) => dialect.driver.abandon?.(runner));
      })
      .catch((error: unknown) => {
        // It may have been given up meanwhile, and another be open in its place.
        if (this.opening === opening) this.opening = undefined;
        throw error;
      });
    this.opening = opening;
    return opening;
  }
}

/** The application's options, for one connection and without anything that works on entities. */
function controlOptions(
  { dataSource: { options, logger }, dialect, unlogged }: Database,
  directUrl?: string,
): DataSourceOptions {
  const { keepOpen = {} } = dialect.signals ?? {};
  const extra: Record<string, unknown> = { ...(options.extra as object | undefined), ...keepOpen };
  // A pool size given to the driver goes before `poolSize`; no driver is given the other's option.
  for (const name of ['max', 'connectionLimit']) if (name in extra) extra[name] = 1;
  return {
    ...options,
    // What the URL leaves out, such as the password, stays.
    ...(directUrl === undefined ? {} : { url: directUrl, replication: undefined }),
    entities: [],
    subscribers: [],
    migrations: [],
    synchronize: false,
    migrationsRun: false,
    dropSchema: false,
    cache: false,
    poolSize: 1,
    extra,
    // What TypeORM asks a server as it connects.
    ...(unlogged ? { logger: withoutQueries(logger) } : {}),
  } as DataSourceOptions;
}

function withoutQueries(logger: Logger): Logger {
  return {
    logQuery: () => undefined,
    logQueryError: (...told) => void logger.logQueryError(...told),
    logQuerySlow: (...told) => void logger.logQuerySlow(...told),
    logSchemaBuild: (...told) => void logger.logSchemaBuild(...told),
    logMigration: (...told) => void logger.logMigration(...told),
    log: (...told) => void logger.log(...told),
  };
}
