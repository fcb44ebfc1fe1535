import { PassThrough } from 'node:stream';
import type { CommandIo } from '../../lib/cli/io.js';

/** What a command is surrounded by in a test, and what it has said. */
export interface TestIo extends CommandIo {
  stdout: PassThrough & { isTTY: boolean };
  said(): { stdout: string; stderr: string };
}

export function testIo(given: Partial<CommandIo> & { isTerminal?: boolean } = {}): TestIo {
  const { isTerminal = false, ...others } = given;
  const stream = () => Object.assign(new PassThrough(), { isTTY: isTerminal });
  const [stdin, stdout, stderr] = [stream(), stream(), stream()];
  const read = { stdout: '', stderr: '' };
  stdout.on('data', (text: Buffer) => (read.stdout += text.toString()));
  stderr.on('data', (text: Buffer) => (read.stderr += text.toString()));
  return { stdin, stderr, env: {}, cwd: process.cwd(), ...others, stdout, said: () => read };
}
