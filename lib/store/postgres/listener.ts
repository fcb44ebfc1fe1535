import { createHash } from 'node:crypto';
import type { SignalListener } from '../signals.js';
import type { Sql } from '../sql.js';
import type { Tables } from '../tables.js';

/** Of a name, in bytes; the server cuts off what is longer. */
const LONGEST_NAME = 63;

/** What is used of the driver's connection. */
interface Connection {
  readonly processID?: number;
  on(event: 'notification', listener: (message: Notification) => void): void;
  once(event: 'end', listener: () => void): void;
}

interface Notification {
  channel: string;
  payload?: string;
  /** The server's process that sent it. */
  processId: number;
}

/** One channel for each set of tables; notifications stay within one database anyway. */
export function channelOf(t: Tables): string {
  const name = t.name('wake_up').replaceAll('"', '');
  if (Buffer.byteLength(name) <= LONGEST_NAME) return name;
  return `once_${createHash('sha256').update(name).digest('hex').slice(0, 40)}`;
}

/**
 * Whatever commits a NOTIFY holds one lock of the whole server until its commit is on disk; a transaction that does
 * nothing else has nothing to wait for.
 */
export async function send(sql: Sql, t: Tables, message: string): Promise<void> {
  await sql.rows(notify(t, message));
}

/** Not `pg_notify(…)`: without parameters it is one message to the server, and nothing has to be planned. */
export function notify(t: Tables, message: string): string {
  return `NOTIFY "${channelOf(t)}", '${message.replaceAll("'", "''")}'`;
}

export async function listen(sql: Sql, t: Tables, listener: SignalListener): Promise<void> {
  const connection = (await sql.runner.connect()) as Connection;
  const channel = channelOf(t);
  connection.once('end', () => listener.ended());
  await sql.rows(`LISTEN "${channel}"`);
  connection.on('notification', (message) => {
    const isOwn = message.processId === connection.processID;
    if (message.channel === channel && !isOwn) listener.heard(message.payload ?? '');
  });
}
