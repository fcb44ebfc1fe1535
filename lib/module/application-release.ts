import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { must } from '../core/options/checks.js';

/** Characters of a release's name, at most: a column holds it. */
const LONGEST = 100;

const isRelease = (value: unknown): value is string =>
  typeof value === 'string' && /^[ -~]+$/.test(value) && value.length <= LONGEST;

export const release = must<string>(`a text of 1 to ${LONGEST} characters of ASCII`, isRelease);

/**
 * The version in the `package.json` of the folder in which the process was started; undefined where there is none. Neither the main script
 * nor a folder above is looked at: with a process manager or a test runner, these are of another package.
 */
export function releaseIn(folder: string): string | undefined {
  try {
    const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
      version?: unknown;
    };
    return isRelease(version) ? version : undefined;
  } catch {
    return undefined;
  }
}
