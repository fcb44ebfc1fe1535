import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { PassThrough } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { runBin } from '../../../lib/cli/run-commands.js';
import { testIo } from '../../support/command-io.js';

const RUN_TS = fileURLToPath(new URL('../../support/run-ts.mjs', import.meta.url));
const BIN = fileURLToPath(new URL('../../../lib/cli/bin.ts', import.meta.url));
export const SHOP = fileURLToPath(new URL('./shop.module.ts', import.meta.url));

export interface CommandResult {
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface CommandSurroundings {
  env?: Record<string, string>;
  cwd?: string;
  stdin?: string;
  /** Called when `stdin` was written, which stays open until the process ends. Default: it is closed. */
  keepsOpen?: (process: ReturnType<typeof spawn>) => Promise<void>;
  /** Told of what it has written to stdout so far, to send it a signal or to close the pipe. */
  heard?: (stdout: string, process: ReturnType<typeof spawn>) => void;
}

/** Runs the program as a process of its own, without a terminal. */
export async function commandRun(
  args: readonly string[],
  { env = {}, cwd, stdin = '', heard, keepsOpen }: CommandSurroundings = {},
): Promise<CommandResult> {
  const child = spawn(process.execPath, [RUN_TS, BIN, ...args], {
    env: { ...process.env, ...env },
    ...(cwd === undefined ? {} : { cwd }),
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (text: Buffer) => {
    stdout += text.toString();
    heard?.(stdout, child);
  });
  child.stderr.on('data', (text: Buffer) => (stderr += text.toString()));
  child.stdin.on('error', () => undefined);
  const closed = once(child, 'close');
  if (keepsOpen) {
    child.stdin.write(stdin);
    await keepsOpen(child);
  } else child.stdin.end(stdin);
  const [code] = (await closed) as [number | null];
  return { code, stdout, stderr };
}

/** Runs the program in the process of the test, which takes a fraction of the time: what it prints and answers is the same. */
export async function commandHere(
  args: readonly string[],
  { env = {}, stdin = '' }: Pick<CommandSurroundings, 'env' | 'stdin'> = {},
): Promise<CommandResult> {
  const before = { ...process.env };
  Object.assign(process.env, env);
  try {
    const io = testIo({ env: process.env });
    (io.stdin as PassThrough).end(stdin);
    const code = await runBin(args, io);
    return { code, ...io.said() };
  } finally {
    for (const name of Object.keys(env)) {
      if (before[name] === undefined) delete process.env[name];
      else process.env[name] = before[name];
    }
  }
}
