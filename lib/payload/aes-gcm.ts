import {
  createCipheriv,
  createDecipheriv,
  createSecretKey,
  type KeyObject,
  randomFillSync,
} from 'node:crypto';

const NONCE = 12;
const TAG = 16;
/** Nonces that are asked of the system at once. */
const NONCES = 512;

/** By the bytes of the key. */
const ALGORITHMS = { 16: 'aes-128-gcm', 24: 'aes-192-gcm', 32: 'aes-256-gcm' } as const;

export type KeyLength = keyof typeof ALGORITHMS;

export function isKeyLength(bytes: number): bytes is KeyLength {
  return bytes in ALGORITHMS;
}

const nonces = Buffer.alloc(NONCE * NONCES);
let used = nonces.byteLength;

/** Random, since processes share keys: 2^32 payloads for one key are the limit. */
function nextNonce(): Buffer {
  if (used === nonces.byteLength) {
    randomFillSync(nonces);
    used = 0;
  }
  // A copy: what the driver sends later may not change.
  return Buffer.from(nonces.subarray(used, (used += NONCE)));
}

/** One key of AES-GCM. What it encrypts is framed as nonce, ciphertext, tag. */
export class AesGcm {
  private readonly key: KeyObject;
  private readonly algorithm: (typeof ALGORITHMS)[KeyLength];

  /** @param secret 16, 24 or 32 bytes */
  constructor(secret: Uint8Array) {
    this.key = createSecretKey(secret);
    this.algorithm = ALGORITHMS[secret.byteLength as KeyLength];
  }

  /** @param bound what has to be the same when it is decrypted */
  encrypt(bytes: Uint8Array, bound: string): Buffer {
    const nonce = nextNonce();
    const cipher = createCipheriv(this.algorithm, this.key, nonce);
    cipher.setAAD(Buffer.from(bound));
    const encrypted = cipher.update(bytes);
    // In this mode nothing is left for the end.
    cipher.final();
    return Buffer.concat([nonce, encrypted, cipher.getAuthTag()]);
  }

  /** Undefined where the bytes, what they are bound to, or the key are not those of the encryption. */
  decrypt(bytes: Uint8Array, bound: string): Buffer | undefined {
    const end = bytes.byteLength - TAG;
    if (end < NONCE) return undefined;
    const decipher = createDecipheriv(this.algorithm, this.key, bytes.subarray(0, NONCE));
    decipher.setAAD(Buffer.from(bound));
    decipher.setAuthTag(bytes.subarray(end));
    const decrypted = decipher.update(bytes.subarray(NONCE, end));
    try {
      decipher.final();
    } catch {
      return undefined;
    }
    return decrypted;
  }
}
