import { describe } from '../core/describe.js';
import { InvalidOptionError } from '../core/errors.js';
import { PRUNED, type StoredPayload } from '../core/stored-payload.js';
import { PayloadDecodingError, PayloadEncodingError, PayloadPrunedError } from './errors.js';
import { gzipStep } from './gzip-step.js';
import type { PayloadStep } from './payload-step.js';
import { isTyped, messageOf } from '../core/thrown.js';

const JSON_ENCODING = 'json';
const NONE: readonly PayloadStep[] = [];

/** JSON text to its stored form and back, through the steps. */
export class StepPipeline {
  /** `json`, or `json+gzip` with the names of the steps in order. */
  readonly encoding: string;
  private readonly known: ReadonlyMap<string, PayloadStep>;

  /**
   * @param steps what new payloads pass
   * @param formerSteps known for reading only, such as an encryption with a former key; gzip always is
   */
  constructor(
    private readonly steps: readonly PayloadStep[] = [],
    formerSteps: readonly PayloadStep[] = [],
  ) {
    assertSteps([...steps, ...formerSteps]);
    this.encoding = [JSON_ENCODING, ...steps.map(({ name }) => name)].join('+');
    this.known = new Map([gzipStep, ...steps, ...formerSteps].map((step) => [step.name, step]));
  }

  /** Undefined, the absence of data, is neither text nor bytes and passes no step. */
  dump(json: string | undefined): StoredPayload {
    if (json === undefined) return { text: null, bytes: null, encoding: JSON_ENCODING };
    if (this.steps.length === 0) return { text: json, bytes: null, encoding: JSON_ENCODING };
    const bytes = this.steps.reduce<Uint8Array>(dumpThrough, Buffer.from(json, 'utf8'));
    return { text: null, bytes, encoding: this.encoding };
  }

  /** Goes by the stored encoding, not by the steps of today. Throws `PayloadDecodingError`, `PayloadPrunedError`. */
  load({ text, bytes, encoding }: StoredPayload): string | undefined {
    const steps = this.stepsOf(encoding);
    if (text === null && bytes === null) return undefined;
    if (bytes === null) {
      if (steps.length === 0) return text!;
      throw new PayloadDecodingError(`its encoding "${encoding}" makes bytes, but text is stored`);
    }
    return utf8(steps.reduceRight<Uint8Array>(loadThrough, bytes));
  }

  private stepsOf(encoding: string): readonly PayloadStep[] {
    if (encoding === JSON_ENCODING) return NONE;
    if (encoding === PRUNED) throw new PayloadPrunedError();
    const [format, ...names] = encoding.split('+');
    if (format !== JSON_ENCODING)
      throw new PayloadDecodingError(`its encoding "${encoding}" is not known here`);
    return names.map((name) => {
      const step = this.known.get(name);
      if (step) return step;
      const cure = 'add it to the payload steps, or to the former ones';
      throw new PayloadDecodingError(
        `the step "${name}" of its encoding "${encoding}" is not known here; ${cure}`,
      );
    });
  }
}

function dumpThrough(bytes: Uint8Array, step: PayloadStep): Uint8Array {
  try {
    return step.dump(bytes);
  } catch (thrown) {
    if (isTyped(thrown)) throw thrown;
    const expected = `what the payload step "${step.name}" can store`;
    throw new PayloadEncodingError('data', expected, `an error: ${messageOf(thrown)}`, { cause: thrown });
  }
}

function loadThrough(bytes: Uint8Array, step: PayloadStep): Uint8Array {
  try {
    return step.load(bytes);
  } catch (thrown) {
    if (isTyped(thrown)) throw thrown;
    const problem = `the step "${step.name}" of its encoding failed: ${messageOf(thrown)}`;
    throw new PayloadDecodingError(problem, { cause: thrown });
  }
}

function utf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (thrown) {
    throw new PayloadDecodingError('its bytes are no UTF-8 text', { cause: thrown });
  }
}

function assertSteps(steps: readonly PayloadStep[]): void {
  steps.forEach(({ name }, index) => {
    const taken = steps.slice(0, index).some((other) => other.name === name);
    if (typeof name === 'string' && /^[\w.-]+$/.test(name) && !taken) return;
    const expected = 'a unique name of letters, digits, "-", "_" and "."';
    throw new InvalidOptionError(`steps[${index}].name`, expected, describe(name), 'Payload');
  });
}
