import { messageOf } from './thrown.js';
import { causesOf } from './causes.js';

/** An error as it is kept with the delivery: its stack, or what can be said of a value that is no error. Never throws. */
export function errorText(error: unknown, limit = 10_000): string {
  return causesOf(error)
    .map(described)
    .join('\nCaused by: ')
    .slice(0, limit)
    .toWellFormed()
    .replaceAll('\0', '\uFFFD');
}

/** What an error says, in one line. */
export function errorLine(error: unknown): string {
  try {
    return error instanceof Error ? `${error.name}: ${error.message}` : messageOf(error);
  } catch {
    return messageOf(error);
  }
}

function described(error: unknown): string {
  try {
    if (error instanceof Error) return String(error.stack ?? `${error.name}: ${error.message}`);
    return `Thrown: ${typeof error === 'string' ? error : json(error)}`;
  } catch {
    return `Thrown: ${messageOf(error)}`;
  }
}

function json(value: unknown): string {
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return Object.prototype.toString.call(value);
  }
}
