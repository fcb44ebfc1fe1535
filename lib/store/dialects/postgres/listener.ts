import { createHash } from 'node:crypto';
import { type Channel, CHANNELS, type Messages, type SignalListener } from '../../ports/signals.js';
import type { Sql } from '../../ports/sql.js';
import type { Tables } from '../../ports/tables.js';

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

/** One of each kind for each set of tables; notifications stay within one database anyway. */
export function channelOf(t: Tables, channel: Channel): string {
  const name = t.name(channel).replaceAll('"', '');
  if (Buffer.byteLength(name) <= LONGEST_NAME) return name;
  return `once_${createHash('sha256').update(name).digest('hex').slice(0, 40)}`;
}

/**
 * Whatever commits a NOTIFY holds one lock of the whole server until its commit is on disk; a transaction that does
 * nothing else has nothing to wait for. Not `pg_notify(…)`: without parameters all of them are one message to the server,
 * and nothing has to be planned.
 */
export async function send(sql: Sql, t: Tables, messages: Messages): Promise<void> {
  const statements = [...messages].map(([channel, message]) => {
    return `NOTIFY "${channelOf(t, channel)}", ${quoted(message)}`;
  });
  await sql.quickRows(statements.join('; '));
}

export function riding(t: Tables, messages: Messages): readonly string[] {
  return [...messages].map(
    ([channel, message]) => `pg_notify(${quoted(channelOf(t, channel))}, ${quoted(message)})`,
  );
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

export async function listen(sql: Sql, t: Tables, listener: SignalListener): Promise<void> {
  const connection = (await sql.runner.connect()) as Connection;
  const channels = new Map(CHANNELS.map((channel) => [channelOf(t, channel), channel]));
  connection.once('end', () => listener.ended());
  for (const name of channels.keys()) await sql.rows(`LISTEN "${name}"`);
  connection.on('notification', (message) => {
    const channel = channels.get(message.channel);
    const isOwn = message.processId === connection.processID;
    if (channel && !isOwn) listener.heard(channel, message.payload ?? '');
  });
}
