import type { PayloadOwner } from './payload-owner.js';

/** Whose bytes are encrypted, and what they passed before. */
export interface PayloadContext extends PayloadOwner {
  /** As it is stored: `json+zlib+aes(2026)`. */
  readonly encoding: string;
}

/** What a payload is encrypted with, and for. */
export interface CipherContext extends PayloadContext {
  /** Of the key: when it encrypts, the cipher's own; when it decrypts, that of the stored payload. */
  readonly keyId: string;
  /** To be authenticated with the payload, so that it cannot be put beside another event. */
  readonly bound: string;
}

/** An encryption of the application's own, such as one whose keys never leave another process. Nothing in it can be waited for. */
export interface PayloadCipher {
  /** Stored with every payload, with the id of the key: letters, digits, `-`, `_` and `.`, and not `aes`. */
  readonly name: string;
  /** Of the key that new payloads are encrypted with: letters, digits, `-`, `_` and `.`, at most 64. */
  readonly keyId: string;
  encrypt(bytes: Uint8Array, context: CipherContext): Uint8Array;
  /** Throws `UnknownKeyError` where it does not have the key, and anything where the bytes are not what it made. */
  decrypt(bytes: Uint8Array, context: CipherContext): Uint8Array;
}

/** What is authenticated with a payload. No name has NUL in it. */
export function boundTo({ key, group, encoding }: PayloadContext): string {
  return `${encoding}\0${key}\0${group}`;
}
