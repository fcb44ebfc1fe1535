import { EventSourcingError } from '../core/errors.js';

/** A command was called in a way in which it cannot do anything: exit code 2. */
export class CommandUsageError extends EventSourcingError {
  readonly code = 'COMMAND_USAGE';
}

/** The application of a command was not found, or is none: exit code 2. */
export class ApplicationNotFoundError extends EventSourcingError {
  readonly code = 'APPLICATION_NOT_FOUND';

  constructor(
    readonly file: string,
    problem: string,
  ) {
    super(
      `The application "${file}" ${problem}: expected the file of a module of Nest (its class as the default export, as "AppModule", or ` +
        'alone), or of a function that makes the application. Name it by --app, by the variable NESTJS_ONCE_APP, or in package.json: ' +
        '{ "nestjs-once": { "app": "dist/app.module.js" } }.',
    );
  }
}

/** The application of a command did not start; why is its `cause`: exit code 1. */
export class ApplicationStartError extends EventSourcingError {
  readonly code = 'APPLICATION_START';

  constructor(file: string, cause: unknown) {
    const reason = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
    super(`The application "${file}" did not start. ${reason}`, { cause });
  }
}

/** The application has no event log in this DataSource: exit code 2. */
export class LogNotFoundError extends EventSourcingError {
  readonly code = 'LOG_NOT_FOUND';

  constructor(readonly dataSource: string) {
    super(
      `The application has no event log in the DataSource "${dataSource}": expected one of an EventSourcingModule.forRoot() that it ` +
        'imports. Name another by --data-source, or leave that out for the default one.',
    );
  }
}

/** A command did what it could, and not all of it: exit code 1. */
export class CommandFailedError extends EventSourcingError {
  readonly code: string = 'COMMAND_FAILED';
}

/** A signal ended a command before its end; what it says is how far it came: exit code 1. */
export class CommandInterruptedError extends CommandFailedError {
  override readonly code = 'COMMAND_INTERRUPTED';
}
