import { DataSource, type DataSourceOptions } from 'typeorm';
import type { Database } from './database.js';
import { Sql } from './sql.js';

/**
 * A connection of its own beside the application's pool, for what must not wait for it: heartbeats. SQLite has one
 * connection for all.
 */
export class ControlConnection {
  private opening?: Promise<DataSource>;

  constructor(private readonly database: Database) {}

  async run<T>(work: (sql: Sql) => Promise<T>): Promise<T> {
    if (this.database.dialect.singleConnection) return this.database.run(work);
    const dataSource = await this.open();
    const runner = dataSource.createQueryRunner('master');
    try {
      return await work(new Sql(runner, this.database.dialect.prepare));
    } finally {
      await runner.release();
    }
  }

  async close(): Promise<void> {
    const { opening } = this;
    this.opening = undefined;
    await opening?.then((dataSource) => dataSource.destroy()).catch(() => undefined);
  }

  private open(): Promise<DataSource> {
    this.opening ??= new DataSource(controlOptions(this.database.dataSource.options))
      .initialize()
      .catch((error: unknown) => {
        this.opening = undefined;
        throw error;
      });
    return this.opening;
  }
}

/** The application's options, for one connection and without anything that works on entities. */
function controlOptions(options: DataSourceOptions): DataSourceOptions {
  const extra: Record<string, unknown> = { ...(options.extra as object | undefined) };
  // A pool size given to the driver goes before `poolSize`; no driver is given the other's option.
  for (const name of ['max', 'connectionLimit']) if (name in extra) extra[name] = 1;
  return {
    ...options,
    entities: [],
    subscribers: [],
    migrations: [],
    synchronize: false,
    migrationsRun: false,
    dropSchema: false,
    cache: false,
    poolSize: 1,
    extra,
  } as DataSourceOptions;
}
