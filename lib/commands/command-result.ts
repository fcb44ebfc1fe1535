import { createHash } from 'node:crypto';
import { nameProblem } from '../core/event-input.js';

/** What came of a command that did what it was to do. */
export interface CommandSuccess<T = unknown> {
  readonly ok: true;
  readonly value?: T;
}

/** Why a command was not done. */
export interface CommandFailure {
  readonly ok: false;
  /** For programs: `'exhausted'` where its handler failed until nobody tries again. */
  readonly label: string;
  /** For people. */
  readonly message: string;
}

/** What came of a command: the data of the event `<command>.Result`. */
export type CommandResult<T = unknown> = CommandSuccess<T> | CommandFailure;

/** The label of the result of a command that is not tried again. */
export const EXHAUSTED = 'exhausted';

/** The end of the group of a command's results. */
export const RESULT = '.Result';

const PREFIX = 'command-result:';

/** The command was done, with this value for who asked. */
export function ok(): CommandSuccess<never>;
export function ok<T>(value: T): CommandSuccess<T>;
export function ok(value?: unknown): CommandSuccess {
  return value === undefined ? { ok: true } : { ok: true, value };
}

/** The command is decided and not done: it is not tried again, and what its handler wrote is committed. */
export function fail(label: string, message: string): CommandFailure {
  return { ok: false, label, message };
}

/** What a handler returned as a result; undefined where it is none. */
export function resultOf(returned: unknown): CommandResult | undefined {
  if (returned === undefined) return ok();
  if (typeof returned !== 'object' || returned === null) return undefined;
  const { ok: isOk, label, message } = returned as Partial<CommandFailure>;
  if ((isOk as boolean | undefined) === true) return returned as CommandSuccess;
  const isFailure = isOk === false && typeof label === 'string' && typeof message === 'string';
  return isFailure ? fail(label, message) : undefined;
}

/** The key of a command's result: one command has one. */
export function resultKey(key: string): string {
  const whole = PREFIX + key;
  return nameProblem(whole) ? PREFIX + createHash('sha256').update(key).digest('hex') : whole;
}
