import { createInterface } from 'node:readline/promises';
import { CommandInterruptedError, CommandUsageError } from './errors.js';
import type { CommandIo } from './io.js';

/** Asks on a terminal whether to go on with what cannot be undone. Throws where the answer is no, or nobody can answer. */
export async function confirm(
  { stdin, stderr }: Pick<CommandIo, 'stdin' | 'stderr'>,
  what: string,
  signal: AbortSignal,
): Promise<void> {
  if (!stdin.isTTY)
    throw new CommandUsageError(
      `${what} There is no terminal to ask whether that is meant. Say so: -y. Nothing was done.`,
    );
  const lines = createInterface({ input: stdin, output: stderr });
  try {
    const answer = await lines.question(`${what} Go on? [y/N] `, { signal });
    if (/^y(es)?$/i.test(answer.trim())) return;
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    lines.close();
  }
  throw new CommandInterruptedError('Nothing was done.');
}
