import { describe } from '../core/describe.js';
import { milliseconds } from '../core/duration.js';
import { InvalidOptionError } from '../core/errors.js';
import { list, must, oneOf } from '../core/options/checks.js';
import {
  maybe,
  needed,
  type NeededOptionsOf,
  opt,
  type OptionsOf,
  resolved,
} from '../core/options/declare.js';
import type { PersonalEvent, SubjectOf } from '../core/personal.js';
import { cipherKey, ENCRYPTION } from '../payload/encryption-options.js';
import type { ErasedPart } from '../payload/personal-values.js';
import { groupsOption } from '../payload/pipeline-options.js';
import type { SubjectKeyStore } from '../payload/subject-keys.js';
import type { Afterwards } from '../store/log/personal-emissions.js';
import type { GroupRule } from '../store/log/personal-rules.js';

/** What stands where something was: told which property of which event it was. */
export type ErasedValue = (erased: ErasedPart & Pick<PersonalEvent, 'group' | 'key'>) => unknown;

const PATH = /^[^.]+(\.[^.]+)*$/;

/** What is personal in the events of some groups. */
export const PERSONAL = {
  /** The groups of events that it is for: a pattern, or several, as `@EventHandler` takes them. */
  groups: groupsOption,
  /** Whom it is about, given the event's data, and the event: the id of one person. */
  subject: needed(
    // Each rule knows the data of its own groups.
    // eslint-disable-next-line @typescript-eslint/no-explicit-any
    must<SubjectOf<any>>('a function (data, event) => id', (value) => typeof value === 'function'),
  ),
  /** Paths of property names, as `address.street`. Default: all of the data. */
  properties: maybe(
    list<string>(
      'an array of property names, with dots between those on the way',
      (path) => typeof path === 'string' && PATH.test(path),
    ),
  ),
};

export interface PersonalGroupOptions extends NeededOptionsOf<typeof PERSONAL> {}

function rules(given: readonly PersonalGroupOptions[], option: string, where: string): readonly GroupRule[] {
  return list<PersonalGroupOptions>('an array of rules')(given, option, where).map((one, index) => {
    const at = `${option}[${index}]`;
    const { groups, subject, properties } = resolved(PERSONAL, one, { option: at, where });
    if (properties?.length === 0)
      throw new InvalidOptionError(`${at}.properties`, 'some, or left out', 'none', where);
    const parts = properties?.map((property) => ({ property, subject })) ?? [{ subject }];
    return { groups, parts };
  });
}

function keyStore(given: SubjectKeyStore, option: string, where: string): SubjectKeyStore {
  const methods = ['get', 'create', 'destroy'] as const;
  if (methods.every((method) => typeof (given as Partial<SubjectKeyStore> | null)?.[method] === 'function'))
    return given;
  throw new InvalidOptionError(option, 'an object { get, create, destroy }', describe(given), where);
}

/** What is personal, and how it is forgotten. */
export const FORGETTING = {
  /** What is personal in events of some groups: `{ groups, subject, properties }` each, beside what `@Personal` says. Default: nothing. */
  personal: opt(rules, []),
  /** Where the keys of data subjects are kept: an object of the application's own. Default: a table beside the log. */
  keys: maybe(keyStore),
  /** Wraps the keys in the table: `{ id, secret }`. Default: they are stored as they are. */
  masterKey: maybe(cipherKey),
  /** Master keys that stored keys may be wrapped with, and new ones are not. Default: none. */
  formerMasterKeys: ENCRYPTION.formerKeys,
  /** For how long a process reads with a key before it asks for it again. Default `'1s'`. */
  keyCache: opt(milliseconds, '1s'),
  /** What stands for what was forgotten: a function of `{ group, key, property, subject }`. Default: an `Erased`, which `isErased` knows. */
  erased: maybe(must<ErasedValue>('a function', (value) => typeof value === 'function')),
  /** What to do with an event that holds personal data of somebody who was forgotten: record it without that, or refuse it. Default `'stand-in'`. */
  afterwards: opt(oneOf<Afterwards>('stand-in', 'refuse'), 'stand-in'),
};

export interface ForgettingOptions extends OptionsOf<typeof FORGETTING> {}
