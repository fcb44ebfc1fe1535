import { randomBytes } from 'node:crypto';
import { describe } from '../core/describe.js';
import { InvalidOptionError } from '../core/errors.js';
import { list } from '../core/options/checks.js';
import { maybe, opt, type OptionsOf, resolved } from '../core/options/declare.js';
import { isKeyLength, type KeyLength } from './aes-gcm.js';
import { AES, aesStep, cipherStep, type EncryptionStep } from './encryption-steps.js';
import type { PayloadCipher } from './payload-cipher.js';

/** A key that the application gives. */
export interface CipherKey {
  /** Stored with each payload that is encrypted with it: letters, digits, `-`, `_` and `.`, at most 64. */
  readonly id: string;
  /** 16, 24 or 32 bytes, as they are or as base64. */
  readonly secret: Uint8Array | string;
}

/** A key that was checked. */
export interface CheckedKey {
  readonly id: string;
  readonly secret: Uint8Array;
}

/** A new key for `secret`, as base64. */
export function createCipherKey(bytes: KeyLength = 32): string {
  if (isKeyLength(bytes)) return randomBytes(bytes).toString('base64');
  throw new InvalidOptionError('bytes', '16, 24 or 32', describe(bytes), 'createCipherKey');
}

/** A refused secret is not shown, and neither is anything that stands where one may. */
export function cipherKey(given: CipherKey, option: string, where: string): CheckedKey {
  const { id, secret } = (typeof given === 'object' && given !== null ? given : {}) as Partial<CipherKey>;
  if (!isKeyId(id)) {
    const expected = '1 to 64 letters, digits, "-", "_" and "."';
    const actual = typeof id === 'string' ? 'another text' : `of type ${typeof id}`;
    throw new InvalidOptionError(`${option}.id`, expected, actual, where);
  }
  const bytes = bytesOf(secret);
  if (bytes && isKeyLength(bytes.byteLength)) return { id, secret: bytes };
  const expected = '16, 24 or 32 bytes, as they are or as base64';
  const actual = bytes ? `${bytes.byteLength} bytes` : `no base64 text but one of type ${typeof secret}`;
  throw new InvalidOptionError(`${option}.secret`, expected, actual, where);
}

export function isKeyId(id: unknown): id is string {
  return typeof id === 'string' && /^[\w.-]{1,64}$/.test(id);
}

/** Undefined where a text is no base64: what was cut short by mistake would be another key. */
function bytesOf(secret: unknown): Uint8Array | undefined {
  if (secret instanceof Uint8Array) return Uint8Array.from(secret);
  if (typeof secret !== 'string') return undefined;
  const text = secret.replaceAll('-', '+').replaceAll('_', '/').replace(/=+$/, '');
  const bytes = Buffer.from(text, 'base64');
  return bytes.toString('base64').replace(/=+$/, '') === text ? bytes : undefined;
}

/** AES-GCM with keys that the application gives: 128, 192 or 256 bits, by the length of the secret. */
export const ENCRYPTION = {
  /** What new payloads are encrypted with. Default: they are not, and those that are can be read. */
  key: maybe(cipherKey),
  /** Keys that stored payloads may be encrypted with, and new ones are not. Default: none. */
  formerKeys: opt(
    (given: readonly CipherKey[], option: string, where: string) =>
      list<CipherKey>('an array of keys')(given, option, where).map((key, index) =>
        cipherKey(key, `${option}[${index}]`, where),
      ),
    [],
  ),
};

export interface EncryptionOptions extends OptionsOf<typeof ENCRYPTION> {}

/** The encryption of a pipeline. */
export class Encryption {
  constructor(
    /** What new payloads pass; undefined: none. */
    readonly step: EncryptionStep | undefined,
    /** By which payloads can be read. */
    readonly known: readonly EncryptionStep[],
    readonly cipher?: PayloadCipher,
  ) {}
}

/**
 * Of the option `encrypt`; one that was checked before stays as it is. Throws `UnknownOptionError` or
 * `InvalidOptionError`, neither of which shows a key.
 */
export function encryption(
  given: EncryptionOptions | PayloadCipher | false,
  option: string,
  where: string,
): Encryption | undefined {
  if (given === false) return undefined;
  if (given instanceof Encryption) return given;
  if (isCipher(given)) return ofCipher(given, option, where);
  const { key, formerKeys } = resolved(ENCRYPTION, given, { option, where });
  const step = key && aesStep(key);
  return new Encryption(step, [...(step ? [step] : []), ...formerKeys.map(aesStep)]);
}

function isCipher(given: EncryptionOptions | PayloadCipher): given is PayloadCipher {
  return typeof (given as Partial<PayloadCipher> | null)?.encrypt === 'function';
}

function ofCipher(cipher: PayloadCipher, option: string, where: string): Encryption {
  const expected = 'an object { name, keyId, encrypt, decrypt }';
  if (typeof cipher.decrypt !== 'function')
    throw new InvalidOptionError(`${option}.decrypt`, expected, describe(cipher.decrypt), where);
  for (const name of ['name', 'keyId'] as const)
    if (!isKeyId(cipher[name]) || (name === 'name' && cipher[name] === AES))
      throw new InvalidOptionError(`${option}.${name}`, expected, describe(cipher[name]), where);
  return new Encryption(cipherStep(cipher, cipher.keyId), [], cipher);
}
