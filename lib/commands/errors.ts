import { EventSourcingError } from '../core/errors.js';

/** A command or a handler of one that cannot be: named, with the reason. */
export class InvalidCommandError extends EventSourcingError {
  readonly code = 'INVALID_COMMAND';

  constructor(
    /** The command's name, or that of a class or method. */
    readonly command: string,
    readonly reason: string,
  ) {
    super(`Command ${command}: ${reason}`);
  }
}

/** A command has no result yet: it is recorded, and executed all the same. */
export class CommandTimeoutError extends EventSourcingError {
  readonly code = 'COMMAND_TIMEOUT';

  constructor(
    readonly command: string,
    /** The key under which the command is recorded. */
    readonly key: string,
    /** Milliseconds. */
    readonly limit: number,
  ) {
    super(
      `Command ${command} (${key}) had no result within ${limit} ms. It goes on: ask again with the same key, or look at its deliveries.`,
    );
  }
}

/** The result of a command was asked for in a transaction: nobody executes it before that is committed. */
export class AskInTransactionError extends EventSourcingError {
  readonly code = 'ASK_IN_TRANSACTION';

  constructor(readonly command: string) {
    super(
      `The result of command ${command} was asked for in a transaction, before whose commit nobody executes it. ` +
        'Use Commands.send there, or ask after the commit.',
    );
  }
}
