import { CommanderError } from 'commander';
import { EventSourcingError } from '../core/errors.js';
import type { CommandIo } from './io.js';

/** Says on stderr why a command failed: an error of the library by its code and message, any other with its stack. */
export function tellError(error: unknown, { stderr }: Pick<CommandIo, 'stderr'>): void {
  // Commander has said it.
  if (error instanceof CommanderError) return;
  if (error instanceof EventSourcingError) stderr.write(`${error.code}: ${error.message}\n`);
  else stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
}
