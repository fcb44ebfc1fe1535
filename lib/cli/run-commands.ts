import type { INestApplicationContext } from '@nestjs/common';
import { applicationFile, exported, loadApplication } from './application-file.js';
import { type ApplicationSource, toolsOf, withApplication } from './application.js';
import type { Command } from './command.js';
import { COMMANDS } from './commands.js';
import { confirm } from './confirm.js';
import { ApplicationNotFoundError } from './errors.js';
import { DONE, exitCodeOf } from './exit-code.js';
import { Interruption } from './interruption.js';
import { type CommandIo, processIo } from './io.js';
import { Output } from './output.js';
import { type CommonOptions, programOf } from './program.js';
import { StderrLogger } from './stderr-logger.js';
import { tellError } from './tell-error.js';

/** A module class, a function that makes the application, or an application that is there. */
export type CommandApplication = Function | INestApplicationContext;

/**
 * Runs one command of the command line against an application: `argv` is what stands behind the name of the program, as
 * `['status', '--json']`. With a module class, or a function that makes the application, it is started for the command alone, without
 * a worker, and closed again; an application that is given is used as it is, and stays open. Resolves to the exit code: 0 done, 1 failed,
 * 2 wrong use; what went wrong stands on stderr.
 */
export function runCommands(application: CommandApplication, argv: readonly string[]): Promise<number> {
  const io = processIo();
  return run(argv, io, (command, work) => {
    if (typeof application !== 'function') return work(application);
    const name = application.name || 'given to runCommands';
    const load = async () => {
      const found = exported({ default: application });
      if (found) return found;
      throw new ApplicationNotFoundError(name, 'is a class without @Module');
    };
    return withApplication({ name, load }, command.name, command.logger, work);
  });
}

/** Runs a command against the application that it names, or that the environment or package.json does. */
export function runBin(argv: readonly string[], io: CommandIo): Promise<number> {
  return run(argv, io, (command, work) => {
    const file = applicationFile(command.app, io);
    const source: ApplicationSource = { name: file, load: () => loadApplication(file) };
    return withApplication(source, command.name, command.logger, work);
  });
}

interface Started {
  name: string;
  app: string | undefined;
  logger: StderrLogger;
}

type Around = (command: Started, work: (app: INestApplicationContext) => Promise<void>) => Promise<void>;

async function run(argv: readonly string[], io: CommandIo, around: Around): Promise<number> {
  const interruption = new Interruption();
  // A reader that has seen enough, such as `head`, is no failure.
  const readerLeft = () => interruption.end();
  io.stdout.on('error', readerLeft);
  try {
    const program = programOf(COMMANDS, io, (command, args, options) =>
      call(command, args, options, { io, interruption, around }),
    );
    await program.parseAsync(argv, { from: 'user' });
    return DONE;
  } catch (error) {
    if (io.stdout.destroyed) return DONE;
    tellError(error, io);
    return exitCodeOf(error);
  } finally {
    interruption.release();
    io.stdout.off('error', readerLeft);
  }
}

interface Surroundings {
  io: CommandIo;
  interruption: Interruption;
  around: Around;
}

async function call(
  command: Command,
  args: readonly unknown[],
  options: CommonOptions,
  { io, interruption, around }: Surroundings,
): Promise<void> {
  const { app, dataSource, json = false, verbose = false, yes = false } = options;
  const { signal } = interruption;
  const question = yes ? undefined : command.destroys?.(args, options);
  if (question !== undefined) await confirm(io, question, signal);
  const out = new Output(io, json);
  const logger = new StderrLogger(io.stderr, verbose);
  await around({ name: command.name, app, logger }, (started) =>
    command
      .run({ args, options, tools: toolsOf(started, dataSource), out, io, signal })
      .finally(() => out.progress.clear()),
  );
  await out.flushed();
}
