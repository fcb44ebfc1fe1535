import type { StoredPayload } from '../core/stored-payload.js';
import { isTyped, messageOf } from '../core/thrown.js';
import type { EncryptionStep } from './encryption-steps.js';
import { PayloadStepError } from './errors.js';
import type { PayloadOwner } from './payload-owner.js';
import type { PayloadStep } from './payload-step.js';

/** The encoding of a payload that passed no step. */
export const JSON_ENCODING = 'json';

/** Payloads with fewer bytes gain nothing by compression that would be worth its time. */
const LEAST = 256;

export interface PipelineParts {
  /** Passed first, by every payload. */
  readonly steps: readonly PayloadStep[];
  readonly compress?: PayloadStep | undefined;
  readonly encrypt?: EncryptionStep | undefined;
}

/** What new payloads pass after they became JSON. */
export class Pipeline {
  /** Nothing is passed: the payload is text. */
  readonly isEmpty: boolean;
  private readonly encoding: string;
  private readonly compressed: string;

  constructor(private readonly parts: PipelineParts) {
    const { steps, compress, encrypt } = parts;
    const encoding = (...between: (PayloadStep | undefined)[]) =>
      [JSON_ENCODING, ...[...steps, ...between, encrypt].flatMap((step) => step?.name ?? [])].join('+');
    this.encoding = encoding();
    this.compressed = encoding(compress);
    this.isEmpty = this.compressed === JSON_ENCODING;
  }

  /** Errors say nothing of what passes it. */
  get encrypts(): boolean {
    return this.parts.encrypt !== undefined;
  }

  /** Undefined, the absence of data, is neither text nor bytes and passes no step. */
  dump(json: string | undefined, owner: PayloadOwner): StoredPayload {
    if (json === undefined || this.isEmpty)
      return { text: json ?? null, bytes: null, encoding: JSON_ENCODING };
    const { steps, compress, encrypt } = this.parts;
    const { key, group } = owner;
    const made = steps.reduce<Uint8Array>(
      (bytes, step) => dumped(bytes, step, owner),
      Buffer.from(json, 'utf8'),
    );
    const smaller = compress && made.byteLength >= LEAST ? dumped(made, compress, owner) : made;
    const isSmaller = smaller.byteLength < made.byteLength;
    const [bytes, encoding] = isSmaller ? [smaller, this.compressed] : [made, this.encoding];
    if (encrypt) return { text: null, bytes: encrypt.encrypt(bytes, { key, group, encoding }), encoding };
    return encoding === JSON_ENCODING
      ? { text: json, bytes: null, encoding }
      : { text: null, bytes, encoding };
  }
}

function dumped(bytes: Uint8Array, step: PayloadStep, owner: PayloadOwner): Uint8Array {
  try {
    return step.dump(bytes, owner);
  } catch (thrown) {
    if (isTyped(thrown)) throw thrown;
    throw new PayloadStepError(step.name, messageOf(thrown), thrown);
  }
}
