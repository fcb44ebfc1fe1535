import { chownSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ChaosDatabase } from './chaos-database.js';
import { freePort, KeptServer, serverOwner, serverProgram } from './kept-server.js';
import { ownPostgres } from './postgres.js';

/** A PostgreSQL of this run alone behind a PgBouncer in transaction mode; undefined where that is not installed. */
export async function ownPgBouncer(): Promise<ChaosDatabase | undefined> {
  const program = serverProgram('pgbouncer');
  if (!program) return undefined;
  const { sessions: _, ...server } = await ownPostgres();
  const [owner, port] = [serverOwner(), await freePort()];
  const folder = mkdtempSync(join(tmpdir(), 'once-chaos-pgbouncer-'));
  if (owner) chownSync(folder, owner.uid, owner.gid);
  const settings = join(folder, 'pgbouncer.ini');
  writeFileSync(settings, settingsFor(new URL(server.address.url), port));
  const pooler = new KeptServer({
    folder,
    program,
    args: [settings],
    ready: 'process up',
    ...(owner ? { owner } : {}),
  });
  await pooler.start();
  return {
    ...server,
    description: `${server.description} behind PgBouncer`,
    // Heartbeats and messages go past it.
    addressOf: async (process) => {
      const { name, url: directUrl } = await server.addressOf(process);
      return { name, url: Object.assign(new URL(directUrl), { port }).href, directUrl };
    },
    discard: async () => {
      await pooler.discard();
      await server.discard();
    },
  };
}

/** By default it answers for 15 s after a login that failed that it failed: a process that starts would find no database, though it is back. */
function settingsFor({ hostname, port }: URL, own: number): string {
  return `[databases]
* = host=${hostname} port=${port} user=postgres
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${own}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 20
max_client_conn = 500
server_login_retry = 1
ignore_startup_parameters = extra_float_digits
`;
}
