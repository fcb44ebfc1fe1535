export { type CommandApplication, runCommands } from './run-commands.js';
export {
  ApplicationNotFoundError,
  ApplicationStartError,
  CommandFailedError,
  CommandInterruptedError,
  CommandUsageError,
  LogNotFoundError,
} from './errors.js';
