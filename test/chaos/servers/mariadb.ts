import { execFileSync } from 'node:child_process';
import { chownSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onServer } from '../../support/database-servers.mjs';
import type { ChaosDatabase } from './chaos-database.js';
import { freePort, KeptServer, serverOwner, serverProgram } from './kept-server.js';
import { userNamedSessions } from './user-named-sessions.js';

/** A MariaDB of this run alone, from the installed programs; undefined where there are none. */
export async function ownMariaDb(): Promise<ChaosDatabase | undefined> {
  const [program, install] = [serverProgram('mariadbd'), serverProgram('mariadb-install-db')];
  if (!program || !install) return undefined;
  const owner = serverOwner();
  const folder = mkdtempSync(join(tmpdir(), 'once-chaos-mariadb-'));
  if (owner) chownSync(folder, owner.uid, owner.gid);
  // Temporary tables of two servers meet in a folder that they share.
  const common = ['--no-defaults', `--datadir=${join(folder, 'data')}`, `--tmpdir=${folder}`];
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
  await onServer('mariadb', root, 'CREATE DATABASE chaos');
  const crash = async () => {
    await server.stop('SIGKILL');
    await server.start();
  };
  return { ...(await mariaDbAt(`${root}/chaos`)), crash, discard: () => server.discard() };
}

export function mariaDbAt(url: string): Promise<ChaosDatabase> {
  return userNamedSessions('mariadb', url);
}
