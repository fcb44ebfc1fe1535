import { InvalidArgumentError, Option } from 'commander';
import { milliseconds } from '../core/duration.js';

/** An option of a command; `read` makes its value of the text, and throws `InvalidArgumentError`. */
export function option<T>(flags: string, description: string, read?: (text: string) => T): Option {
  const made = new Option(flags, description);
  return read ? made.argParser(read) : made;
}

/** One that may be given several times. */
export function several(flags: string, description: string): Option {
  const add = (text: string, before: unknown) => [...((before as string[] | undefined) ?? []), text];
  return new Option(flags, `${description}; may be repeated`).argParser(add);
}

export function position(text: string): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(value)) return value;
  throw new InvalidArgumentError('Expected a position: a whole number, 0 or more.');
}

export function count(text: string): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= 1 && Number.isSafeInteger(value)) return value;
  throw new InvalidArgumentError('Expected a whole number, 1 or more.');
}

export function duration(text: string): number {
  try {
    return milliseconds(/^\d+$/.test(text) ? Number(text) : text, 'duration', 'command line');
  } catch {
    throw new InvalidArgumentError('Expected a duration such as 500ms, 30s, 5m, 12h or 7d.');
  }
}

/** A time, or a duration: so long ago. */
export function time(text: string): Date {
  const isDuration = /^[\d.]+\s*(ms|s|m|h|d|w)$/.test(text);
  const value = isDuration ? new Date(Date.now() - duration(text)) : new Date(text);
  if (!Number.isNaN(value.getTime())) return value;
  throw new InvalidArgumentError(
    'Expected a time such as 2026-03-01T12:00:00Z, or so long ago: 30s, 5m, 12h, 7d.',
  );
}

/** The properties that are there: filters take none that is undefined. */
export function given<T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
