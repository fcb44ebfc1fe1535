import { describe } from '../core/describe.js';
import { InvalidOptionError } from '../core/errors.js';
import { compilePattern, type GroupPattern } from '../core/group-pattern.js';
import { list } from '../core/options/checks.js';
import {
  maybe,
  needed,
  type NeededOptionsOf,
  type OptionsOf,
  resolved,
  type ResolvedOf,
} from '../core/options/declare.js';
import { compressor } from './compressors.js';
import { encryption } from './encryption-options.js';

/** What payloads pass between their JSON and the database. */
export const PIPELINE = {
  /** `'zlib'`, `'brotli'`, `'gzip'`, or a step of one's own: what makes payloads of 256 bytes and more smaller. Default `false`. */
  compress: maybe(compressor),
  /** Keys of AES-GCM, or a cipher of one's own. Default `false`. */
  encrypt: maybe(encryption),
};

export interface PipelineOptions extends OptionsOf<typeof PIPELINE> {}
export type ResolvedPipeline = ResolvedOf<typeof PIPELINE>;

function patterns(
  given: GroupPattern | readonly GroupPattern[],
  option: string,
  where: string,
): readonly RegExp[] {
  const all = Array.isArray(given) ? (given as readonly GroupPattern[]) : [given as GroupPattern];
  const isPattern = (one: unknown) => one instanceof RegExp || (typeof one === 'string' && one !== '');
  if (all.length > 0 && all.every(isPattern)) return all.map(compilePattern);
  throw new InvalidOptionError(option, 'a pattern of groups, or several', describe(given), where);
}

export const groupsOption = needed(patterns);

/** What the events of some groups pass, in place of what others do. */
export const GROUP_PIPELINE = {
  /** The groups of events that it is for: a pattern, or several, as `@EventHandler` takes them. */
  groups: groupsOption,
  ...PIPELINE,
};

export interface GroupPipelineOptions extends NeededOptionsOf<typeof GROUP_PIPELINE> {}
export type ResolvedGroupPipeline = ResolvedOf<typeof GROUP_PIPELINE>;

/** Of the option `pipelines`. */
export function groupPipelines(
  given: readonly GroupPipelineOptions[],
  option: string,
  where: string,
): readonly ResolvedGroupPipeline[] {
  return list<GroupPipelineOptions>('an array of pipelines')(given, option, where).map((one, index) =>
    resolved(GROUP_PIPELINE, one, { option: `${option}[${index}]`, where }),
  );
}
