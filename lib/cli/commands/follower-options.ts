import { InvalidArgumentError, type Option } from 'commander';
import { option } from '../values.js';

/** How much is told, from 0 to 3. Default 1. */
export function verbosity(description: string): Option {
  const read = (text: string) => {
    if (/^[0-3]$/.test(text)) return Number(text);
    throw new InvalidArgumentError('Expected 0, 1, 2 or 3.');
  };
  return option('-v, --verbosity <level>', description, read).default(1);
}

export function countsOf(counts: ReadonlyMap<string, number>): string[] {
  return [...counts].map(([application, count]) => `${nameOf(application)}: ${count} events`);
}

/** For people: events of no aggregate have no application. */
export function nameOf(application: string): string {
  return application === '' ? 'no application' : application;
}
