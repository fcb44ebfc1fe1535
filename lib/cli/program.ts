import { Command as Commander } from 'commander';
import type { Command } from './command.js';
import type { CommandIo } from './io.js';
import { option } from './values.js';

/** What every command takes. */
export interface CommonOptions {
  app?: string;
  dataSource?: string;
  json?: boolean;
  verbose?: boolean;
  yes?: boolean;
}

type Run = (command: Command, args: readonly unknown[], options: CommonOptions) => Promise<void>;

/** All commands, as commander parses them and explains them. It never ends the process: it throws `CommanderError`. */
export function programOf(
  commands: readonly Command[],
  io: Pick<CommandIo, 'stdout' | 'stderr'>,
  run: Run,
): Commander {
  const program = new Commander('nestjs-once')
    .description(
      'Looks after the event log of an application: it starts the application without a worker, and closes it.',
    )
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void io.stdout.write(text),
      writeErr: (text) => void io.stderr.write(text),
    })
    .showSuggestionAfterError()
    .addHelpText(
      'after',
      '\nExit codes: 0 done, 1 failed, 2 wrong use. Each command has its own --help, with examples.',
    );
  for (const command of commands) add(program, command, run);
  return program;
}

function add(program: Commander, command: Command, run: Run): void {
  const { name, summary, details, args = [], options = [], examples } = command;
  const words = name.split(' ');
  const made = parentOf(program, words.slice(0, -1)).command(words.at(-1)!);
  made.summary(summary).description(details === undefined ? summary : `${summary}\n\n${details}`);
  for (const [syntax, description] of args) made.argument(syntax, description);
  for (const each of options) made.addOption(each);
  for (const each of commonOptions(command)) made.addOption(each);
  made.addHelpText('after', `\nExamples:\n${examples.map((line) => `  $ nestjs-once ${line}`).join('\n')}`);
  made.action((...given: unknown[]) =>
    // Behind the arguments stand the options, and the command itself.
    run(command, given.slice(0, -2), given.at(-2) as CommonOptions),
  );
}

function parentOf(program: Commander, words: readonly string[]): Commander {
  const [word] = words;
  if (word === undefined) return program;
  const known = program.commands.find((one) => one.name() === word);
  return known ?? program.command(word).description(`Commands about ${word}.`);
}

function commonOptions({ destroys }: Command) {
  return [
    option(
      '--app <file>',
      'the application: a module, or a function that makes it (default: NESTJS_ONCE_APP, "nestjs-once".app of package.json, dist/app.module.js)',
    ),
    option('--data-source <name>', 'the DataSource that has the log (default: the default one)'),
    option('--json', 'JSON on stdout: one document, or one on each line of a stream'),
    option('--verbose', 'all that the application logs, on stderr'),
    ...(destroys ? [option('-y, --yes', 'do what cannot be undone without asking')] : []),
  ];
}
