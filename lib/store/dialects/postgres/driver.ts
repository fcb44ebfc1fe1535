import type { EventEmitter } from 'node:events';
import type { DataSource, QueryRunner } from 'typeorm';
import { connectionOf } from '../../ports/connection-of.js';
import { assertMembers } from '../../ports/errors.js';
import type { Answer, Row } from '../../ports/sql.js';
import { answerOf } from '../shared/query-failed.js';

/*
 * All that is read of TypeORM's PostgreSQL driver and of `pg` beyond their documentation: the pools of the driver. What is
 * asked of a pool and of a client (`on`, `end`) is documented.
 */

const OWNER = 'PostgresDriver of TypeORM';
const TRIED = 'TypeORM 1.1 with pg 8.5 to 8.23';

interface Queryable {
  query(statement: string, parameters?: unknown[]): Promise<{ rows: Row[]; rowCount: number | null }>;
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

/** What ended a client's session, by the client. */
const ended = new WeakMap<object, Error>();

/**
 * A session that the server ends just as the pool hands it out tells so while nobody listens: the pool listens to idle
 * clients, TypeORM to those that it has, and in between an `error` event would end the process. What it told is kept:
 * TypeORM says of a session that has ended only that it was given back.
 */
export function surviveEndedSessions(dataSource: DataSource): void {
  const known = new WeakSet<object>();
  for (const pool of poolsOf(dataSource)) {
    pool.on('acquire', (client) => {
      if (known.has(client)) return;
      known.add(client);
      client.on('error', (error: Error) => ended.set(client, error));
    });
  }
}

/** Ends the runner's connection, also with a statement running on it. The pool drops it when it is released. */
export async function abandon(runner: QueryRunner): Promise<void> {
  const client = await connectionOf<{ end(): Promise<void> }>(runner);
  client?.end().catch(() => undefined);
}

/** What the server or the network ended the runner's session with, while nothing ran on it. */
export async function endedBy(runner: QueryRunner): Promise<Error | undefined> {
  // Also of one that has released itself.
  const client = (await runner.connect().catch(() => undefined)) as object | undefined;
  return client && ended.get(client);
}

/** A query of `pg`. */
export async function send(runner: QueryRunner, statement: string, parameters: unknown[]): Promise<Answer> {
  const client = (await runner.connect()) as Queryable;
  // Without parameters it is one message to the server, which may hold several statements.
  const answer = parameters.length > 0 ? client.query(statement, parameters) : client.query(statement);
  const { rows, rowCount } = await answerOf(statement, parameters, answer);
  return { raw: rows, records: rows, affected: rowCount ?? 0 };
}
