import { createHash } from 'node:crypto';
import { QueryFailedError, type QueryRunner } from 'typeorm';
import type { Row, Sql } from '../sql.js';

/** As `pg` has it. */
export interface Client {
  /** Of the server process, as it was told when the connection was made. */
  readonly processID?: number | null;
  readonly connection: Connection;
  query(statement: string | (NamedStatement & { types?: Types })): Promise<{ rows: Row[] }>;
  getTypeParser: TypeParsers;
}

export interface Connection {
  /** By name, what the driver takes the server to have prepared. */
  readonly parsedStatements: Record<string, string>;
  /** `text` is the server's name for the command, such as `INSERT 0 1`. */
  on(event: 'commandComplete', listener: (message: { text: string }) => void): void;
}

export interface NamedStatement {
  name: string;
  text: string;
  values: readonly unknown[];
}

type TypeParsers = (type: number, format?: string) => (value: string) => unknown;

interface Types {
  getTypeParser: TypeParsers;
}

/** `int8` and `int4`, which no statement of the product's returns beyond what is exact. */
const INTEGERS = new Set([20, 23]);

const PREFIX = 'once_';
/** What drops all prepared statements of a session. */
const DROPPING = new Set(['DISCARD ALL', 'DEALLOCATE ALL']);
/** `invalid_sql_statement_name`: nothing is prepared under that name. */
const NOT_PREPARED = '26000';

const names = new Map<string, string>();
const directness = new WeakMap<Client, Promise<boolean>>();

/**
 * The rows of a statement that is sent over and over, under a name by which the server keeps its plan: planning takes
 * longer than running it. Behind a pooler such as PgBouncer, where the next statement may reach another session, it is
 * sent without a name.
 */
export async function namedRows(sql: Sql, statement: string, parameters: readonly unknown[]): Promise<Row[]> {
  const { runner } = sql;
  const client = await directClient(runner);
  if (!client) return sql.rows(statement, parameters);
  const named = namedStatement(sql, statement, parameters);
  runner.dataSource.logger.logQuery(named.text, [...parameters], runner);
  try {
    return (await client.query({ ...named, types: typesOf(client) })).rows;
  } catch (error) {
    forgetWhenNotPrepared(client, error);
    throw new QueryFailedError(named.text, [...parameters], error as Error);
  }
}

/** The client's own, but for integers: its parsers for them cost more than the rest of a row. */
function typesOf(client: Client): Types {
  return {
    getTypeParser: (type, format) =>
      INTEGERS.has(type) && format !== 'binary' ? Number : client.getTypeParser(type, format),
  };
}

export function namedStatement(sql: Sql, statement: string, values: readonly unknown[]): NamedStatement {
  const text = sql.prepare(statement);
  return { name: nameOf(text), text, values };
}

/** Dropped where no command told of it, such as in a function: from now on nothing is named on this connection. */
export function forgetWhenNotPrepared(client: Client, error: unknown): void {
  if ((error as { code?: string }).code === NOT_PREPARED) directness.set(client, Promise.resolve(false));
}

/** The runner's client where statements may have names; undefined where they may not. */
export async function directClient(runner: QueryRunner): Promise<Client | undefined> {
  if (isGuarded(runner)) return undefined;
  const client = (await runner.connect()) as Client;
  const direct = await isDirect(client);
  // Asked again, since its transaction may have been given up meanwhile.
  return direct && !isGuarded(runner) ? client : undefined;
}

/** A runner whose `query` was replaced is watched, or refuses statements. */
function isGuarded(runner: QueryRunner): boolean {
  return runner.isReleased || Object.hasOwn(runner, 'query');
}

/** A pooler tells its clients process ids of its own, by which they may cancel statements. */
function isDirect(client: Client): Promise<boolean> {
  let known = directness.get(client);
  if (!known) {
    known = askWhetherDirect(client);
    directness.set(client, known);
    known.catch(() => directness.delete(client));
  }
  return known;
}

async function askWhetherDirect(client: Client): Promise<boolean> {
  const { rows } = await client.query('SELECT pg_backend_pid() AS pid');
  const isOwn = rows[0]!.pid === client.processID;
  if (isOwn) forgetDropped(client.connection);
  return isOwn;
}

/**
 * An application that resets its sessions, as pools do, drops what is prepared there without the driver's knowledge: that
 * would go on calling it by its name. The error of the server would abort the application's transaction, so that it is too
 * late to send the statement again. Therefore this heeds what the server says that it has done: whoever asked for it,
 * and in whatever text, it is known before the next statement is sent.
 */
function forgetDropped(connection: Connection): void {
  connection.on('commandComplete', ({ text }) => {
    if (!DROPPING.has(text)) return;
    const { parsedStatements } = connection;
    for (const name of Object.keys(parsedStatements)) {
      if (name.startsWith(PREFIX)) delete parsedStatements[name];
    }
  });
}

function nameOf(text: string): string {
  let name = names.get(text);
  if (name === undefined) {
    name = `${PREFIX}${createHash('sha256').update(text).digest('hex').slice(0, 32)}`;
    if (names.size < 1000) names.set(text, name);
  }
  return name;
}
