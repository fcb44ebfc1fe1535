import { list, oneOf, whole } from '../core/options/checks.js';
import { opt, type OptionsOf } from '../core/options/declare.js';
import type { MissingEntity } from './entity-references.js';
import type { PayloadStep } from './payload-step.js';
import type { PayloadType } from './payload-type.js';

/** What payloads pass on their way to the database and back. */
export const PAYLOAD = {
  /** The application's own types, beside the built-in ones. Default: none. */
  types: opt(list<PayloadType>('an array of types'), []),
  /** What new payloads pass after they became JSON, such as compression. Default: nothing; they are stored as text. */
  steps: opt(list<PayloadStep>('an array of steps'), []),
  /** Steps that stored payloads may have passed and new ones do not, such as an encryption with a former key. Default: gzip only. */
  formerSteps: opt(list<PayloadStep>('an array of steps'), []),
  /** Largest stored payload in bytes, after the steps; before them 16 times as many. Default `1048576`. */
  maxBytes: opt(whole(1, undefined, ' of bytes'), 1_048_576),
  /** What an entity reference becomes whose row is gone: null, or an error. Default `'null'`. */
  missingEntity: opt(oneOf<MissingEntity>('null', 'error'), 'null'),
};

export interface PayloadOptions extends OptionsOf<typeof PAYLOAD> {}
