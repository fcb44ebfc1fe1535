import { execFileSync } from 'node:child_process';
import { chownSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onServer } from '../../support/database-servers.mjs';
import type { ChaosDatabase } from './chaos-database.js';
import { freePort, KeptServer, serverOwner, serverProgram } from './kept-server.js';
import { userNamedSessions } from './user-named-sessions.js';

/** A MySQL of this run alone, from the installed program; undefined where there is none. */
export async function ownMySql(): Promise<ChaosDatabase | undefined> {
  const program = serverProgram('mysqld');
  if (!program || !isMySql(program)) return undefined;
  const owner = serverOwner();
  const folder = mkdtempSync(join(tmpdir(), 'once-chaos-mysql-'));
  if (owner) chownSync(folder, owner.uid, owner.gid);
  const common = ['--no-defaults', `--datadir=${join(folder, 'data')}`];
  execFileSync(program, [...common, '--initialize-insecure'], { ...owner, cwd: folder, stdio: 'pipe' });
  const port = await freePort();
  const address = ['--bind-address=127.0.0.1', `--port=${port}`, `--socket=${join(folder, 'server.sock')}`];
  // Its root is one of localhost, so names have to be resolved.
  const limits = ['--max-connections=200', '--innodb-buffer-pool-size=128M'];
  const alone = ['--mysqlx=OFF', '--skip-log-bin', '--secure-file-priv=NULL'];
  const server = new KeptServer({
    folder,
    program,
    args: [...common, ...address, ...limits, ...alone, `--pid-file=${join(folder, 'server.pid')}`],
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
  return { ...(await mySqlAt(`${root}/chaos`)), crash, discard: () => server.discard() };
}

export function mySqlAt(url: string): Promise<ChaosDatabase> {
  return userNamedSessions('mysql', url);
}

/** MariaDB installs a program of that name, too. */
function isMySql(program: string): boolean {
  return !execFileSync(program, ['--version'], { encoding: 'utf8' }).includes('MariaDB');
}
