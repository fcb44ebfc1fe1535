import type { DataSource } from 'typeorm';
import type { Sql } from '../../ports/sql.js';

/** What MariaDB and MySQL differ in, as far as it matters here. */
export interface Server {
  /** A statement can be told to fail at once where it meets a lock. */
  readonly failsAtOnce: boolean;
  /** Runs several statements as one without any right to create a procedure; not in Oracle's syntax. */
  readonly blocks: boolean;
  /** Bytes that one statement may have. */
  readonly packet: number;
}

const servers = new WeakMap<DataSource, Promise<Server>>();

/** Asked once for each DataSource. */
export function serverOf(sql: Sql): Promise<Server> {
  const { dataSource } = sql.runner;
  let known = servers.get(dataSource);
  if (!known) {
    known = ask(sql);
    servers.set(dataSource, known);
    known.catch(() => servers.delete(dataSource));
  }
  return known;
}

async function ask(sql: Sql): Promise<Server> {
  const row = await sql.row(
    `SELECT version() LIKE '%MariaDB%' AS mariadb, @@sql_mode LIKE '%ORACLE%' AS oracle,
       @@max_allowed_packet AS packet`,
  );
  const mariadb = Number(row!.mariadb) === 1;
  return {
    failsAtOnce: mariadb,
    blocks: mariadb && Number(row!.oracle) === 0,
    packet: Number(row!.packet),
  };
}
