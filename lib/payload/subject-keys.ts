import type { QueryRunner } from 'typeorm';
import { EventSourcingError } from '../core/errors.js';
import { AesGcm } from './aes-gcm.js';

const SECRET = 32;

/** The key of a data subject that lives. */
export interface LiveSubjectKey {
  readonly subject: string;
  /** Random, so that the keys of another store are never taken for these: 1 to 64 letters, digits, `-` and `_`. */
  readonly id: string;
  /** 32 bytes. */
  readonly secret: Uint8Array;
}

/** What is left of the key of one that was forgotten. */
export interface ErasedSubjectKey {
  readonly subject: string;
  /** Of the key that was destroyed; undefined where the subject never had one. */
  readonly id?: string;
  readonly erased: true;
}

export type SubjectKey = LiveSubjectKey | ErasedSubjectKey;

/** PORT. Where the keys of data subjects are kept: the library's own table, or a provider of the application's. */
export interface SubjectKeyStore {
  /** The keys of these subjects, in any order. One that was never made and never destroyed is left out. */
  get(subjects: readonly string[]): Promise<readonly SubjectKey[]>;
  /** The subject's key, which is made where there was none. Where it was destroyed, that: it is never made again. */
  create(subject: string): Promise<SubjectKey>;
  /** Destroys the key for good, and leaves its id; a subject without one is noted as erased. May come again. */
  destroy(subject: string): Promise<void>;
}

/** The store of subjects' keys gave what is no key. */
export class InvalidSubjectKeyError extends EventSourcingError {
  readonly code = 'INVALID_SUBJECT_KEY';

  constructor(
    readonly subject: string,
    /** What was wrong with it. */
    readonly problem: string,
  ) {
    super(
      `The store of subjects' keys gave no key for the subject "${subject}": ${problem}. Expected { subject, id, secret } with ` +
        '32 bytes, or { subject, id, erased: true }.',
    );
  }
}

/** A subject's key as it is worked with. */
export type KnownKey =
  | { readonly erased: false; readonly id: string; readonly secret: Uint8Array; readonly aes: AesGcm }
  | { readonly erased: true; readonly id: string | undefined };

/** Throws `InvalidSubjectKeyError`. */
export function knownKey(key: SubjectKey): KnownKey {
  const { subject, id } = key;
  if ('erased' in key) return { erased: true, id };
  const { secret } = key as Partial<LiveSubjectKey>;
  if (typeof id !== 'string' || !/^[\w-]{1,64}$/.test(id))
    throw new InvalidSubjectKeyError(subject, 'its id is none');
  if (!(secret instanceof Uint8Array) || secret.byteLength !== SECRET)
    throw new InvalidSubjectKeyError(subject, 'its secret has not 32 bytes');
  return { erased: false, id, secret, aes: new AesGcm(secret) };
}

/** The keys that the codec asks for. */
export interface SubjectKeys {
  /** Those of all these subjects where they are known without asking anybody; undefined otherwise. A subject without a key is not in it. */
  known(subjects: readonly string[]): ReadonlyMap<string, KnownKey> | undefined;
  /** Asks for them; with `runner`, as its transaction sees them, which may hold the only connection. */
  find(subjects: readonly string[], runner?: QueryRunner): Promise<ReadonlyMap<string, KnownKey>>;
}

/** Where nobody keeps any. */
export const NO_SUBJECT_KEYS: SubjectKeys = {
  known: () => new Map(),
  find: () => Promise.resolve(new Map()),
};
