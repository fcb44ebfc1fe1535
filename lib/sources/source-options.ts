import { describe } from '../core/describe.js';
import { InvalidOptionError } from '../core/errors.js';
import { assertKnownOptions } from '../core/options/known-options.js';
import type { ModelEventSourceOptions } from './model-event-source.decorator.js';

const OPTIONS = ['on', 'name', 'columns', 'tagged', 'relations', 'rescan', 'dataSource'];
const RESCAN_OPTIONS = ['where', 'relations', 'batchSize'];
const REASONS = ['insert', 'update', 'remove', 'soft-remove', 'recover'];

/** Throws `UnknownOptionError` or `InvalidOptionError`, naming class and method; `where` is that name. */
export function assertSourceOptions(options: ModelEventSourceOptions<object>, where: string): void {
  assertKnownOptions(options, OPTIONS, where);
  const { on, name, columns, tagged, rescan } = options;
  const reasons = `a list of one or more of ${REASONS.join(', ')}`;
  check(
    'on',
    on,
    reasons,
    (value) => isList(value, (reason) => REASONS.includes(reason)) && value.length > 0,
    where,
  );
  check('name', name, 'a non-empty string', (value) => typeof value === 'string' && value !== '', where);
  check('tagged', tagged, 'true or false', (value) => typeof value === 'boolean', where);
  check('columns', columns, 'a list of property names', (value) => isList(value, () => true), where);
  if (rescan === undefined || rescan === false) return;
  assertKnownOptions(rescan, RESCAN_OPTIONS, `${where}, rescan`);
  check('rescan.batchSize', rescan.batchSize, 'a whole number, 1 or more', isPositiveInteger, where);
}

function check(
  option: string,
  value: unknown,
  expected: string,
  holds: (value: unknown) => boolean,
  where: string,
): void {
  if (value === undefined || holds(value)) return;
  throw new InvalidOptionError(option, expected, describe(value), where);
}

function isList(value: unknown, holds: (item: string) => boolean): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string' && holds(item));
}

function isPositiveInteger(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 1;
}
