import type { Option } from 'commander';
import type { EventFilter } from '../../store/views/event-filter.js';
import type { EventView } from '../../store/views/event-search.js';
import { asJson } from '../as-json.js';
import { given, option, position, several, time } from '../values.js';

export interface EventOptions {
  key?: string[];
  keyPrefix?: string;
  group?: string[];
  tag?: string[];
  from?: Date;
  until?: Date;
  after?: number;
  before?: number;
  data: boolean;
}

export const eventOptions = (): Option[] => [
  several('--key <key>', 'events of this key'),
  option('--key-prefix <text>', 'events whose keys begin so'),
  several('--group <pattern>', 'events of this group, with * for any run of characters'),
  several('--tag <tag>', 'events that have this tag, and any other that is given'),
  option('--from <time>', 'recorded at or after this time, or so long ago (2h)', time),
  option('--until <time>', 'recorded before this time, or so long ago', time),
  option('--after <position>', 'events behind this position', position),
  option('--before <position>', 'events before this position', position),
  option('--no-data', 'without their data'),
];

export function eventFilter(options: EventOptions): EventFilter {
  const { key, keyPrefix, group, tag: tags, from, until, after, before } = options;
  return given({ key, keyPrefix, group, tags, from, until, after, before });
}

/** An event on one line. */
export function eventLine({
  position: at,
  recordedAt,
  group,
  key,
  data,
  dataError,
  pruned,
}: EventView): string {
  const shown = dataError ?? (pruned ? '(removed)' : data === undefined ? '' : asJson(data));
  return `${at}  ${recordedAt.toISOString()}  ${group}  ${key}  ${shown}`.trimEnd();
}
