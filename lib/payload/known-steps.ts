import { describe } from '../core/describe.js';
import { InvalidOptionError } from '../core/errors.js';
import { PRUNED, type StoredPayload } from '../core/stored-payload.js';
import { isTyped, messageOf } from '../core/thrown.js';
import { COMPRESSORS } from './compressors.js';
import type { Encryption } from './encryption-options.js';
import { AES, cipherOf, cipherStep, type EncryptionStep } from './encryption-steps.js';
import { PayloadDecodingError, PayloadPrunedError, UnknownKeyError } from './errors.js';
import type { PayloadCipher } from './payload-cipher.js';
import type { PayloadOwner } from './payload-owner.js';
import type { PayloadStep } from './payload-step.js';
import { JSON_ENCODING } from './pipeline.js';

type KnownStep = PayloadStep | EncryptionStep;

/** In the order in which they were passed. */
type Route = readonly KnownStep[];

const PLAIN: Route = [];
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Every step that a stored payload may have passed, whichever new ones pass. */
export class KnownSteps {
  private readonly steps = new Map<string, PayloadStep>(
    Object.values(COMPRESSORS).map((step) => [step.name, step]),
  );
  private readonly keys = new Map<string, EncryptionStep>();
  private readonly ciphers = new Map<string, PayloadCipher>();
  private readonly routes = new Map<string, Route>();

  /** Throws `InvalidOptionError` for a name that cannot be stored, and for one that another step has. */
  add(step: PayloadStep, option: string, where: string): void {
    const { name } = step;
    const known = this.steps.get(name);
    const isTaken =
      known !== undefined && known !== step && !Object.values<PayloadStep>(COMPRESSORS).includes(known);
    if (typeof name !== 'string' || !/^[\w.-]+$/.test(name) || isTaken) {
      const expected = 'a unique name of letters, digits, "-", "_" and "."';
      throw new InvalidOptionError(`${option}.name`, expected, describe(name), where);
    }
    this.steps.set(name, step);
    this.routes.clear();
  }

  /** Throws `InvalidOptionError` for a key id, or a cipher's name, that stands for another one already. */
  addEncryption({ known, cipher }: Encryption, option: string, where: string): void {
    for (const step of known) this.addKey(step, option, where);
    if (!cipher) return;
    const other = this.ciphers.get(cipher.name);
    if (other && other !== cipher)
      throw new InvalidOptionError(
        option,
        'a cipher with a name of its own',
        `"${cipher.name}" again`,
        where,
      );
    this.ciphers.set(cipher.name, cipher);
  }

  private addKey(step: EncryptionStep, option: string, where: string): void {
    const other = this.keys.get(step.keyId);
    if (other && other.fingerprint !== step.fingerprint) {
      const expected = 'one key for each id: payloads are read back by the id alone, in all of the log';
      throw new InvalidOptionError(option, expected, `two for "${step.keyId}"`, where);
    }
    this.keys.set(step.keyId, step);
  }

  /** Whether its text may be shown to nobody but who reads the event. */
  isEncrypted({ encoding }: StoredPayload): boolean {
    return encoding.includes('(');
  }

  /** Goes by the stored encoding. Throws `PayloadDecodingError`, `UnknownKeyError`, `PayloadPrunedError`. */
  load({ text, bytes, encoding }: StoredPayload, { key, group }: PayloadOwner): string | undefined {
    const steps = encoding === JSON_ENCODING ? PLAIN : this.route(encoding);
    if (text === null && bytes === null) return undefined;
    if (bytes === null) {
      if (steps.length === 0) return text!;
      throw new PayloadDecodingError(`its encoding "${encoding}" makes bytes, but text is stored`);
    }
    const context = { key, group, encoding };
    let loaded = bytes;
    for (let index = steps.length - 1; index >= 0; index--) {
      const step = steps[index]!;
      loaded = 'decrypt' in step ? step.decrypt(loaded, context) : loadedThrough(loaded, step, context);
    }
    return utf8(loaded);
  }

  private route(encoding: string): Route {
    const known = this.routes.get(encoding);
    if (known) return known;
    if (encoding === PRUNED) throw new PayloadPrunedError();
    const [format, ...names] = encoding.split('+');
    if (format !== JSON_ENCODING)
      throw new PayloadDecodingError(`its encoding "${encoding}" is not known here`);
    const route = names.map((name) => this.step(name, encoding));
    this.routes.set(encoding, route);
    return route;
  }

  private step(name: string, encoding: string): KnownStep {
    const encryption = cipherOf(name);
    const step = encryption ? this.encryption(encryption) : this.steps.get(name);
    if (step) return step;
    const cure = 'add it to the payload steps, or to the former ones';
    throw new PayloadDecodingError(
      `the step "${name}" of its encoding "${encoding}" is not known here; ${cure}`,
    );
  }

  private encryption({ cipher, keyId }: { cipher: string; keyId: string }): EncryptionStep | undefined {
    const own = this.ciphers.get(cipher);
    if (own) return cipherStep(own, keyId);
    if (cipher !== AES) return undefined;
    const known = this.keys.get(keyId);
    if (known) return known;
    throw new UnknownKeyError(keyId, 'is not among those of this process. Give it to encrypt.formerKeys');
  }
}

function loadedThrough(bytes: Uint8Array, step: PayloadStep, owner: PayloadOwner): Uint8Array {
  try {
    return step.load(bytes, owner);
  } catch (thrown) {
    if (isTyped(thrown)) throw thrown;
    const problem = `the step "${step.name}" of its encoding failed: ${messageOf(thrown)}`;
    throw new PayloadDecodingError(problem, { cause: thrown });
  }
}

function utf8(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch (thrown) {
    throw new PayloadDecodingError('its bytes are no UTF-8 text', { cause: thrown });
  }
}
