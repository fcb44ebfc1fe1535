import type { EventEmitter } from 'node:events';
import type { DataSource, QueryRunner } from 'typeorm';
import { connectionOf } from '../../ports/connection-of.js';
import { assertMembers } from '../../ports/errors.js';
import type { Row } from '../../ports/sql.js';

/*
 * All that is read of TypeORM's PostgreSQL driver and of `pg` beyond their documentation: the pools of the driver. What is
 * asked of a pool and of a client (`on`, `end`) is documented.
 */

const OWNER = 'PostgresDriver of TypeORM';
const TRIED = 'TypeORM 1.1 with pg 8.5 to 8.23';

interface Queryable {
  query(statement: string, parameters?: unknown[]): Promise<{ rows: Row[] }>;
}

interface Pool {
  on(event: 'acquire', listener: (client: EventEmitter) => void): void;
}

/** Throws `UnsupportedDriverError` where the driver has no pools, or they are none of `pg`. */
export function poolsOf({ driver }: DataSource): readonly Pool[] {
  assertMembers(OWNER, TRIED, driver, { master: 'object', slaves: 'object' });
  const { master, slaves } = driver as unknown as { master: Pool; slaves: Pool[] };
  const pools = [master, ...slaves];
  for (const pool of pools) assertMembers(`pool of the ${OWNER}`, TRIED, pool, { on: 'function' });
  return pools;
}

/**
 * A session that the server ends just as the pool hands it out tells so while nobody listens: the pool listens to idle
 * clients, TypeORM to those that it has, and in between an `error` event would end the process.
 */
export function surviveEndedSessions(dataSource: DataSource): void {
  const known = new WeakSet<object>();
  for (const pool of poolsOf(dataSource)) {
    pool.on('acquire', (client) => {
      if (known.has(client)) return;
      known.add(client);
      client.on('error', () => undefined);
    });
  }
}

/** Ends the runner's connection, also with a statement running on it. The pool drops it when it is released. */
export async function abandon(runner: QueryRunner): Promise<void> {
  const client = await connectionOf<{ end(): Promise<void> }>(runner);
  client?.end().catch(() => undefined);
}

/** A query of `pg`. */
export async function ask(runner: QueryRunner, statement: string, parameters: unknown[]): Promise<Row[]> {
  const client = (await runner.connect()) as Queryable;
  // Without parameters it is one message to the server, which may hold several statements.
  return (await (parameters.length > 0 ? client.query(statement, parameters) : client.query(statement))).rows;
}
