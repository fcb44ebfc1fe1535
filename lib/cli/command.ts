import type { Option } from 'commander';
import type { CommandIo } from './io.js';
import type { Output } from './output.js';
import type { CommandTools } from './tools.js';

/** What a command is run with. */
export interface CommandCall<O = object> {
  /** What stands behind its name, in order; of `[id...]` an array. */
  readonly args: readonly unknown[];
  readonly options: O;
  readonly tools: CommandTools;
  readonly out: Output;
  readonly io: CommandIo;
  /** Aborted when the command is to end. */
  readonly signal: AbortSignal;
}

/** One command of the command line: a file in `commands/`, and a line in `commands.ts`. */
export interface Command<O = object> {
  /** One word, or two of which the first is shared: `events read`. */
  readonly name: string;
  /** A sentence. */
  readonly summary: string;
  /** What has to be known beside that. */
  readonly details?: string;
  /** As commander writes them, such as `[id...]`, each with what it is. */
  readonly args?: readonly (readonly [syntax: string, description: string])[];
  readonly options?: readonly Option[];
  /** Without `nestjs-once`. */
  readonly examples: readonly string[];
  /** What it does that cannot be undone: then it asks first, or takes `-y`. Undefined where this call undoes nothing. */
  destroys?(args: readonly unknown[], options: O): string | undefined;
  /**
   * Does it. Throws `CommandFailedError` where it did not do all, and `CommandInterruptedError` where `signal` ended it before
   * its end.
   */
  run(call: CommandCall<O>): Promise<void>;
}

/** Checks a command's types where it is written, and forgets them where all are listed. */
export function command<O>(made: Command<O>): Command {
  return made as unknown as Command;
}
