import { type ChildProcess, execFileSync, fork } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Where distributions put what only servers need. */
const SERVER_FOLDERS = ['/usr/sbin', '/usr/local/sbin', '/usr/libexec'];

const KEEPER = fileURLToPath(new URL('./server-keeper.mjs', import.meta.url));

export interface ServerCommand {
  /** Deleted in the end. */
  folder: string;
  program: string;
  args: readonly string[];
  /** What it prints when it is ready. */
  ready: string;
  owner?: Owner;
}

export interface Owner {
  uid: number;
  gid: number;
}

/** A server of this run alone, which is gone when this process is, whatever ends it. */
export class KeptServer {
  private readonly keeper: ChildProcess;
  private readonly ended: Promise<unknown>;

  constructor(command: ServerCommand) {
    this.keeper = fork(KEEPER, [JSON.stringify(command)], { stdio: 'inherit', execArgv: [] });
    this.ended = once(this.keeper, 'exit');
  }

  start(): Promise<void> {
    return this.ask({});
  }

  stop(signal: NodeJS.Signals): Promise<void> {
    return this.ask({ signal });
  }

  /** Ends it and deletes its data. */
  async discard(): Promise<void> {
    if (!this.keeper.connected) return;
    this.keeper.disconnect();
    await this.ended;
  }

  private async ask(message: object): Promise<void> {
    const ended = this.ended.then(() => [{ error: 'the process that keeps it ended' }]);
    this.keeper.send(message);
    const [{ error }] = (await Promise.race([once(this.keeper, 'message'), ended])) as [{ error?: string }];
    if (error) throw new Error(error);
  }
}

export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}

/** Database servers refuse to run as root; then they run as a user that every system has. */
export function serverOwner(): Owner | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const id = (flag: string) => Number(execFileSync('id', [flag, 'nobody'], { encoding: 'utf8' }));
  return { uid: id('-u'), gid: id('-g') };
}

/** Whether the program is there and can be run. */
export function canRun(program: string, owner?: Owner): boolean {
  try {
    execFileSync(program, ['--version'], { ...owner, stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** The path of a program that is installed; undefined where it is not. */
export function serverProgram(name: string): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(delimiter), ...SERVER_FOLDERS];
  return folders.map((folder) => join(folder, name)).find((path) => canRun(path));
}
