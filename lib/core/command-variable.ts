/**
 * The environment variable that holds the name of the command which a process of the command line runs, such as
 * `events read`; unset in every other process.
 */
export const COMMAND_VARIABLE = 'NESTJS_ONCE_COMMAND';
