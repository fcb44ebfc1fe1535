import { execFileSync } from 'node:child_process';
import { chownSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { onServer } from '../../support/database-servers.mjs';
import type { ChaosDatabase } from './chaos-database.js';
import { canRun, freePort, KeptServer, serverOwner } from './kept-server.js';

/** Where distributions put what only servers need. */
const SERVER_FOLDERS = ['/usr/sbin', '/usr/local/sbin', '/usr/libexec'];

/** A MariaDB of this run alone, from the installed programs; undefined where there are none. */
export async function ownMariaDb(): Promise<ChaosDatabase | undefined> {
  const [program, install] = [found('mariadbd'), found('mariadb-install-db')];
  if (!program || !install) return undefined;
  const owner = serverOwner();
  const folder = mkdtempSync(join(tmpdir(), 'once-chaos-mariadb-'));
  if (owner) chownSync(folder, owner.uid, owner.gid);
  const common = ['--no-defaults', `--datadir=${join(folder, 'data')}`];
  const flags = ['--auth-root-authentication-method=normal', '--skip-test-db'];
  execFileSync(install, [...common, ...flags], { ...owner, cwd: folder, stdio: 'pipe' });
  const port = await freePort();
  const address = ['--bind-address=127.0.0.1', `--port=${port}`, `--socket=${join(folder, 'server.sock')}`];
  const limits = ['--max-connections=200', '--innodb-buffer-pool-size=128M', '--skip-name-resolve'];
  const server = new KeptServer({
    folder,
    program,
    args: [...common, ...address, ...limits, `--pid-file=${join(folder, 'server.pid')}`],
    ready: 'ready for connections',
    ...(owner ? { owner } : {}),
  });
  await server.start();
  const root = `mysql://root@127.0.0.1:${port}`;
  await onServer('mysql', root, 'CREATE DATABASE chaos');
  const crash = async () => {
    await server.stop('SIGKILL');
    await server.start();
  };
  return { ...(await mariaDbAt(`${root}/chaos`)), crash, discard: () => server.discard() };
}

/** A database on a server that others use too: its sessions can be ended, the server stays. */
export async function mariaDbAt(url: string): Promise<ChaosDatabase> {
  const run = `chaos_${process.pid}_`;
  const users = `USER LIKE '${run.replaceAll('_', '\\_')}%'`;
  const sessions = (columns: string) =>
    onServer('mysql', url, `SELECT ${columns} FROM information_schema.processlist WHERE ${users}`);
  const [row] = await onServer('mysql', url, 'SELECT version() AS version');
  return {
    description: `MariaDB ${String(row!.version)}`,
    address: { name: 'mysql', url },
    // A session there has no name but its user's.
    addressOf: async (name) => {
      const own = new URL(url);
      own.username = `${run}${name}`;
      own.password = 'chaos';
      await onServer('mysql', url, `CREATE USER '${own.username}' IDENTIFIED BY 'chaos'`);
      await onServer('mysql', url, `GRANT ALL ON ${own.pathname.slice(1)}.* TO '${own.username}'`);
      return { name: 'mysql', url: own.href };
    },
    terminateSessions: async () => {
      for (const { ID: id } of await sessions('ID')) {
        // It may have ended by itself.
        await onServer('mysql', url, `KILL CONNECTION ${String(id)}`).catch(() => undefined);
      }
    },
    sessions: async () => {
      const counts = new Map<string, number>();
      for (const { USER: user } of await sessions('USER')) {
        const name = String(user).slice(run.length);
        counts.set(name, (counts.get(name) ?? 0) + 1);
      }
      return counts;
    },
    discard: async () => {
      const made = await onServer('mysql', url, `SELECT USER AS name FROM mysql.user WHERE ${users}`);
      for (const { name: user } of made) await onServer('mysql', url, `DROP USER '${String(user)}'`);
    },
  };
}

function found(program: string): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(delimiter), ...SERVER_FOLDERS];
  return folders.map((folder) => join(folder, program)).find((path) => canRun(path));
}
