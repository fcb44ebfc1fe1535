import { createHash } from 'node:crypto';
import { settledWithin } from '../../../runtime/deadline.js';
import {
  type Channel,
  CHANNELS,
  type Elsewhere,
  type Messages,
  PooledConnectionError,
  type SignalListener,
  type Signals,
} from '../../ports/signals.js';
import type { Sql } from '../../ports/sql.js';
import type { Tables } from '../../ports/tables.js';

/** Of a name, in bytes; the server cuts off what is longer. */
const LONGEST_NAME = 63;

/** Milliseconds in which a message has to come. */
const PROOF_LIMIT = 3000;

/** LISTEN and NOTIFY. */
export const signals: Signals = {
  // The pool of `pg` closes what has been idle for ten seconds, and with it the LISTEN.
  keepOpen: { idleTimeoutMillis: 0 },
  longest: 7999,
  send,
  riding,
  listen,
};

/** What is used of the driver's connection. */
interface Connection {
  /** As it was told when it connected. */
  readonly processID?: number;
  on(event: 'notification', listener: (message: Notification) => void): void;
  off(event: 'notification', listener: (message: Notification) => void): void;
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
async function send(sql: Sql, t: Tables, messages: Messages): Promise<void> {
  const statements = [...messages].map(([channel, message]) => {
    return `NOTIFY "${channelOf(t, channel)}", ${quoted(message)}`;
  });
  await sql.quickRows(statements.join('; '));
}

function riding(t: Tables, messages: Messages): readonly string[] {
  return [...messages].map(
    ([channel, message]) => `pg_notify(${quoted(channelOf(t, channel))}, ${quoted(message)})`,
  );
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

async function listen(sql: Sql, t: Tables, listener: SignalListener, elsewhere: Elsewhere): Promise<void> {
  const connection = (await sql.runner.connect()) as Connection;
  const channels = new Map(CHANNELS.map((channel) => [channelOf(t, channel), channel]));
  connection.once('end', () => listener.ended());
  const { pid } = (await sql.row<{ pid: number }>('SELECT pg_backend_pid() AS pid'))!;
  for (const name of channels.keys()) await sql.rows(`LISTEN "${name}"`);
  // Whoever stands in between tells a number of its own.
  if (pid !== connection.processID) await assertHeard(sql, connection, t, elsewhere);
  connection.on('notification', (message) => {
    const channel = channels.get(message.channel);
    const isOwn = message.processId === pid;
    if (channel && !isOwn) listener.heard(channel, message.payload ?? '');
  });
}

/**
 * A pooler may keep the session for as long as the connection lasts, or for one transaction: only a message can tell. It is
 * sent from elsewhere while nothing else runs here, since an answer to a statement could bring it along. Others take it
 * for the id of a handler that they do not have.
 */
async function assertHeard(sql: Sql, connection: Connection, t: Tables, elsewhere: Elsewhere): Promise<void> {
  const nonce = String(-Math.ceil(Math.random() * Number.MAX_SAFE_INTEGER));
  let tell: (message: Notification) => void = () => undefined;
  const heard = new Promise<void>((resolve) => {
    tell = ({ payload }) => payload === nonce && resolve();
    connection.on('notification', tell);
  });
  const sent = elsewhere((other) => send(other, t, new Map([['wake_up', nonce]])));
  const isHeard = await settledWithin(Promise.all([sent, heard]), PROOF_LIMIT);
  connection.off('notification', tell);
  if (isHeard) return;
  // In whichever session that is: mostly the one that would tell somebody else.
  await sql.rows('UNLISTEN *');
  throw new PooledConnectionError();
}
