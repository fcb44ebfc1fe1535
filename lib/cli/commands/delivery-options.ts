import type { Option } from 'commander';
import type { DeliveryFilter, DeliveryStatus } from '../../store/deliveries/delivery-filter.js';
import { STATUSES } from '../../store/deliveries/delivery-filter.js';
import { CommandUsageError } from '../errors.js';
import { given, option, several, time } from '../values.js';

export interface DeliveryOptions {
  status?: string[];
  handler?: string[];
  group?: string[];
  key?: string[];
  tag?: string[];
  error?: string;
  failedAfter?: Date;
  failedBefore?: Date;
  recordedAfter?: Date;
  recordedBefore?: Date;
  all?: true;
}

export const deliveryOptions = (): Option[] => [
  several('--status <status>', STATUSES.join(', ')),
  several('--handler <name>', 'of this handler'),
  several('--group <group>', 'of events of this group, exact'),
  several('--key <key>', 'of the event of this key'),
  several('--tag <tag>', 'of events that have this tag, or another that is given'),
  option('--error <text>', 'with this text in the last error'),
  option('--failed-after <time>', 'that failed last at or after this time, or so long ago (2h)', time),
  option('--failed-before <time>', 'that failed last before this time, or so long ago', time),
  option('--recorded-after <time>', 'of events recorded at or after this time, or so long ago', time),
  option('--recorded-before <time>', 'of events recorded before this time, or so long ago', time),
];

export function deliveryFilter(options: DeliveryOptions): DeliveryFilter {
  const { status, handler, group, key, tag, error, failedAfter, failedBefore } = options;
  const { recordedAfter: after, recordedBefore: before } = options;
  const statuses = status as DeliveryStatus[] | undefined;
  return given({
    status: statuses,
    handler,
    group,
    key,
    tag,
    error,
    failedAfter,
    failedBefore,
    after,
    before,
  });
}

/** Of what is to be changed: everything only where that was said. */
export function filterOfChange(options: DeliveryOptions): DeliveryFilter | { all: true } {
  const filter = deliveryFilter(options);
  const isEmpty = Object.keys(filter).length === 0;
  if (options.all && isEmpty) return { all: true };
  if (options.all)
    throw new CommandUsageError('Expected either --all or other options that say which deliveries.');
  if (isEmpty)
    throw new CommandUsageError('Expected an option that says which deliveries, or --all for every one.');
  return filter;
}
