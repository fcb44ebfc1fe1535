import { describe } from '../core/describe.js';
import { InvalidOptionError } from '../core/errors.js';
import { list, must, text, whole } from '../core/options/checks.js';
import { group, maybe, opt, type OptionsOf, type ResolvedOf } from '../core/options/declare.js';
import { PIPELINE, type PipelineOptions } from '../payload/pipeline-options.js';
import type { AggregateClass } from './aggregate.js';

const application = must<string>(
  '1 to 100 UTF-8 bytes without a colon',
  (value) => typeof value === 'string' && /^[^:\0]+$/.test(value) && Buffer.byteLength(value) <= 100,
);

function everyVersions(
  snapshots: Readonly<Record<string, number>>,
  option: string,
  where: string,
): ReadonlyMap<string, number> {
  if (typeof snapshots !== 'object' || snapshots === null)
    throw new InvalidOptionError(option, 'an object { Type: versions }', describe(snapshots), where);
  const check = whole(1);
  return new Map(
    Object.entries(snapshots).map(([type, every]) => [type, check(every, `${option}.${type}`, where)]),
  );
}

/** What of one application's aggregates has to be known before anything is made. */
export const AGGREGATES_PLACE = {
  /** The classes of aggregates, decorated with `@AggregateType`: of each a repository can be injected. Default: none. */
  aggregates: opt(
    list<AggregateClass>('an array of classes', (type) => typeof type === 'function'),
    [],
  ),
  /** The names of logs without a class, each a stream of its own: of each an `EventSourcedLog` can be injected. Default: none. */
  logs: opt(
    list<string>('an array of names', (name) => typeof name === 'string' && name !== ''),
    [],
  ),
  /** Whose aggregates these are: the same id in two applications is two aggregates. Default `'default'`. */
  application: opt(application, 'default'),
  /** Name of the TypeORM DataSource in whose log they are kept. Default: the default one. */
  dataSource: maybe(text),
};

/** What may be worked out later. */
export const AGGREGATES = {
  /** After how many versions a snapshot is taken, by the name of the type: `{ Dog: 100 }`. Default: by hand alone. */
  snapshots: opt(everyVersions, {}),
  /** How many aggregates of each type a process keeps in memory, the least recently used ones being dropped. Default `0`. */
  cache: opt(whole(0), 0),
  /** What the payloads of these aggregates' events and snapshots pass. Default: what the option `payload` of `forRoot` says for their groups. */
  payload: maybe(group<PipelineOptions, typeof PIPELINE>(PIPELINE)),
  /** How often `update` tries in all, where others change the same aggregate. Default `6`. */
  attempts: opt(whole(1), 6),
};

export interface AggregatesPlaceOptions extends OptionsOf<typeof AGGREGATES_PLACE> {}
export interface AggregatesOptions extends OptionsOf<typeof AGGREGATES> {}
export type ResolvedAggregates = ResolvedOf<typeof AGGREGATES>;
