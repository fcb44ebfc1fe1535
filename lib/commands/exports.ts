// What of this room is in the public surface, lib/index.ts.
export {
  type CommandContext,
  CommandHandler,
  type CommandHandlerOptions,
  type CommandReturn,
} from './command-handler.decorator.js';
export { type CommandFailure, type CommandResult, type CommandSuccess, fail, ok } from './command-result.js';
export { CommandType } from './command-type.decorator.js';
export { type AskOptions, Commands, type SendCommandOptions, type SentCommand } from './commands.js';
export { AskInTransactionError, CommandTimeoutError, InvalidCommandError } from './errors.js';
