import { createHash } from 'node:crypto';
import { isTyped } from '../core/thrown.js';
import { AesGcm } from './aes-gcm.js';
import { PayloadDecodingError, PayloadEncodingError } from './errors.js';
import { boundTo, type PayloadCipher, type PayloadContext } from './payload-cipher.js';

/** The name of the encryption that is built in. */
export const AES = 'aes';

/** A step that encrypts with one key. */
export interface EncryptionStep {
  /** `aes(2026)`. */
  readonly name: string;
  readonly keyId: string;
  /** Equal for equal keys, and says nothing of them. */
  readonly fingerprint?: string;
  encrypt(bytes: Uint8Array, context: PayloadContext): Uint8Array;
  decrypt(bytes: Uint8Array, context: PayloadContext): Uint8Array;
}

export function stepName(cipher: string, keyId: string): string {
  return `${cipher}(${keyId})`;
}

/** Cipher and key id of the name of such a step; undefined of another step's. */
export function cipherOf(name: string): { cipher: string; keyId: string } | undefined {
  const match = /^([\w.-]+)\(([\w.-]+)\)$/.exec(name);
  return match ? { cipher: match[1]!, keyId: match[2]! } : undefined;
}

export function aesStep({ id, secret }: { id: string; secret: Uint8Array }): EncryptionStep {
  const aes = new AesGcm(secret);
  return {
    name: stepName(AES, id),
    keyId: id,
    fingerprint: createHash('sha256').update('nestjs-once').update(secret).digest('base64'),
    encrypt: (bytes, context) => aes.encrypt(bytes, boundTo(context)),
    decrypt: (bytes, context) => {
      const decrypted = aes.decrypt(bytes, boundTo(context));
      if (decrypted) return decrypted;
      throw undecryptable(id, context);
    },
  };
}

export function cipherStep(cipher: PayloadCipher, keyId: string): EncryptionStep {
  const inContext = (context: PayloadContext) => ({ ...context, keyId, bound: boundTo(context) });
  return {
    name: stepName(cipher.name, keyId),
    keyId,
    encrypt: (bytes, context) => {
      try {
        return cipher.encrypt(bytes, inContext(context));
      } catch (thrown) {
        if (isTyped(thrown)) throw thrown;
        throw new PayloadEncodingError(
          'data',
          `what the cipher "${cipher.name}" can encrypt`,
          'an error of it',
        );
      }
    },
    decrypt: (bytes, context) => {
      try {
        return cipher.decrypt(bytes, inContext(context));
      } catch (thrown) {
        throw isTyped(thrown) ? thrown : undecryptable(keyId, context);
      }
    },
  };
}

/** What a cipher says of itself may show what it was given. */
function undecryptable(keyId: string, event: PayloadContext): PayloadDecodingError {
  const problem =
    `it was encrypted with the key "${keyId}", and cannot be decrypted. It was changed or cut short, belongs to another ` +
    'event, or the key of that id is another one here';
  return new PayloadDecodingError(problem, { event });
}
