import { list, oneOf, whole } from '../core/options/checks.js';
import { opt, type OptionsOf } from '../core/options/declare.js';
import type { MissingEntity } from './entity-references.js';
import type { PayloadStep } from './payload-step.js';
import type { PayloadType } from './payload-type.js';
import { groupPipelines, PIPELINE } from './pipeline-options.js';

/** What payloads pass on their way to the database and back. */
export const PAYLOAD = {
  /** The application's own types, beside the built-in ones. Default: none. */
  types: opt(list<PayloadType>('an array of types'), []),
  ...PIPELINE,
  /** What events of some groups pass instead: `{ groups, compress, encrypt }` each, of which the first that matches decides. Default: none. */
  pipelines: opt(groupPipelines, []),
  /** Steps of one's own that all new payloads pass first, after they became JSON. Default: none. */
  steps: opt(list<PayloadStep>('an array of steps'), []),
  /** Steps that stored payloads may have passed and new ones do not. Default: those of `compress`. */
  formerSteps: opt(list<PayloadStep>('an array of steps'), []),
  /** Largest stored payload in bytes, after the steps; before them 16 times as many. Default `1048576`. */
  maxBytes: opt(whole(1, undefined, ' of bytes'), 1_048_576),
  /** What an entity reference becomes whose row is gone: null, or an error. Default `'null'`. */
  missingEntity: opt(oneOf<MissingEntity>('null', 'error'), 'null'),
};

export interface PayloadOptions extends OptionsOf<typeof PAYLOAD> {}
