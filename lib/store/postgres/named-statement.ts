import { createHash } from 'node:crypto';
import { QueryFailedError, type QueryRunner } from 'typeorm';
import type { Row, Sql } from '../sql.js';

/** As `pg` has it. */
interface Client {
  /** Of the server process, as it was told when the connection was made. */
  readonly processID?: number | null;
  query(statement: string | NamedStatement): Promise<{ rows: Row[] }>;
}

interface NamedStatement {
  name: string;
  text: string;
  values: readonly unknown[];
}

const names = new Map<string, string>();
const directness = new WeakMap<Client, Promise<boolean>>();

/**
 * The rows of a statement that is sent over and over, under a name by which the server keeps its plan: planning takes
 * longer than running it. Behind a pooler such as PgBouncer, where the next statement may reach another session, it is
 * sent without a name.
 */
export async function namedRows(sql: Sql, statement: string, parameters: readonly unknown[]): Promise<Row[]> {
  const { runner } = sql;
  if (isGuarded(runner)) return sql.rows(statement, parameters);
  const client = (await runner.connect()) as Client;
  const direct = await isDirect(client);
  // Asked again, since its transaction may have been given up meanwhile.
  if (!direct || isGuarded(runner)) return sql.rows(statement, parameters);
  const text = sql.prepare(statement);
  runner.dataSource.logger.logQuery(text, [...parameters], runner);
  try {
    return (await client.query({ name: nameOf(text), text, values: parameters })).rows;
  } catch (error) {
    throw new QueryFailedError(text, [...parameters], error as Error);
  }
}

/** A runner whose `query` was replaced is watched, or refuses statements. */
function isGuarded(runner: QueryRunner): boolean {
  return runner.isReleased || Object.hasOwn(runner, 'query');
}

/** A pooler tells its clients process ids of its own, by which they may cancel statements. */
function isDirect(client: Client): Promise<boolean> {
  let known = directness.get(client);
  if (!known) {
    known = client
      .query('SELECT pg_backend_pid() AS pid')
      .then(({ rows }) => rows[0]!.pid === client.processID);
    directness.set(client, known);
    known.catch(() => directness.delete(client));
  }
  return known;
}

function nameOf(text: string): string {
  let name = names.get(text);
  if (name === undefined) {
    name = `once_${createHash('sha256').update(text).digest('hex').slice(0, 32)}`;
    if (names.size < 1000) names.set(text, name);
  }
  return name;
}
