import { describe } from '../core/describe.js';
import { BoundedText } from './bounded-text.js';
import type { EntityPort, EntityReference } from './entity-port.js';
import { PayloadEncodingError } from './errors.js';
import type { PayloadType } from './payload-type.js';
import { expectationFor } from './refusal.js';
import { PersonalValue } from './personal-values.js';
import { TAG, TYPE_KEY } from './tags.js';
import { isTyped, messageOf } from '../core/thrown.js';
import type { TypeRegistry } from './type-registry.js';
import { formatPath, type PathSegment } from './value-path.js';
import { isPlainArray, isPlainObject } from './value-shape.js';

/** Levels of nesting that a payload may have; what a type is stored as is a level of its own. */
export const MAX_DEPTH = 500;

export interface WriterOptions {
  types: TypeRegistry;
  entities: EntityPort;
  /** Store entities by value instead of by reference. */
  snapshots: boolean;
  /** Stop as soon as the text has more characters: what is shared again and again could grow without end. */
  maxLength: number;
  /** What is written will be encrypted: errors say nothing that other errors said. */
  secret: boolean;
}

/**
 * Writes one value as JSON text; one writer per value.
 *
 * As with `JSON.stringify`: undefined properties and what is not enumerable are dropped, a getter is read (once) and
 * its value stored, a property of an array beside its elements is dropped. Unlike it: `toJSON` is never called,
 * nothing becomes null silently (undefined and holes in arrays, NaN and Infinity are refused), `-0` stays `-0`, and
 * enumerable symbol keys are refused. A lone surrogate and NUL are escaped, so that any database can hold them. The
 * same object twice is written twice and comes back as two; only a cycle is refused.
 */
export class PayloadWriter {
  private readonly text: BoundedText;
  /** The objects that are being written, outermost first; a few levels are searched faster than a set is kept. */
  private readonly open: object[] = [];
  /** For each of them, the length of the path to it. */
  private readonly depths: number[] = [];
  private insideReference = false;

  constructor(
    private readonly options: WriterOptions,
    /** Of the value, from the data on. */
    private readonly path: PathSegment[] = [],
  ) {
    this.text = new BoundedText(options.maxLength);
  }

  /** Throws `PayloadEncodingError` or `PayloadTooLargeError`, and nothing but typed errors whatever is thrown inside. */
  write(data: unknown): string {
    try {
      this.value(data);
      return this.text.toString();
    } catch (thrown) {
      // The path still leads to where it was thrown: a getter, a proxy, a type's or an entity port's code.
      throw isTyped(thrown) ? thrown : this.failure('readable', 'an error', thrown);
    }
  }

  private value(value: unknown): void {
    if (typeof value === 'string') return this.string(value);
    if (typeof value === 'number' && Number.isFinite(value)) return this.text.append(numberText(value));
    if (typeof value === 'boolean' || value === null) return this.text.append(String(value));
    if (typeof value === 'object') return this.object(value);
    return this.extension(value);
  }

  private object(value: object): void {
    this.enter(value);
    if (isPlainArray(value)) this.elements(value);
    else if (isPlainObject(value)) this.plainObject(value);
    else this.extension(value);
    this.leave();
  }

  private enter(value: object): void {
    const index = this.open.indexOf(value);
    if (index >= 0) {
      const start = formatPath(this.path.slice(0, this.depths[index]));
      throw this.refusal('free of cycles', `a reference back to ${start}`);
    }
    this.assertDepth();
    this.open.push(value);
    this.depths.push(this.path.length);
  }

  private leave(): void {
    this.open.pop();
    this.depths.pop();
  }

  private assertDepth(): void {
    if (this.path.length < MAX_DEPTH) return;
    throw this.refusal(`nested at most ${MAX_DEPTH} levels deep`, 'a deeper one');
  }

  private elements(array: readonly unknown[]): void {
    this.text.append('[');
    for (let index = 0; index < array.length; index++) {
      if (index > 0) this.text.append(',');
      this.path.push(index);
      this.value(array[index]);
      this.path.pop();
    }
    this.text.append(']');
  }

  private plainObject(object: Record<string, unknown>): void {
    this.refuseSymbolKeys(object);
    const keys = Object.keys(object);
    const tag = tagOf(object, keys);
    if (tag) this.text.append(tagStart(tag));
    this.members(object, keys);
    if (tag) this.text.append('}');
  }

  private members(object: Record<string, unknown>, keys: readonly string[]): void {
    let separator = '';
    this.text.append('{');
    for (const key of keys) {
      this.path.push(key);
      const value = object[key];
      if (value !== undefined) {
        this.text.append(separator);
        this.string(key);
        this.text.append(':');
        this.value(value);
        separator = ',';
      }
      this.path.pop();
    }
    this.text.append('}');
  }

  private refuseSymbolKeys(object: object): void {
    const symbols = Object.getOwnPropertySymbols(object);
    if (symbols.length === 0) return;
    const symbol = symbols.find((key) => Object.prototype.propertyIsEnumerable.call(object, key));
    if (symbol) throw this.refusal('an object with string keys only', `one with the key ${String(symbol)}`);
  }

  /** What JSON does not know. */
  private extension(value: unknown): void {
    if (value instanceof PersonalValue) return this.personal(value);
    const type = this.options.types.for(value);
    if (type) return this.tagged(type.name, () => this.encodeAs(type, value));
    const reference = this.referenceOf(value);
    if (!reference) throw this.refusal(expectationFor(value), describe(value));
    if (this.options.snapshots) return this.snapshot(value as object);
    this.insideReference = true;
    this.tagged(TAG.entity, () => reference);
    this.insideReference = false;
  }

  private encodeAs(type: PayloadType, value: unknown): unknown {
    try {
      return type.encode(value);
    } catch (thrown) {
      if (isTyped(thrown)) throw thrown;
      const expected = `what the payload type "${type.name}" can encode`;
      throw this.failure(expected, describe(value), thrown);
    }
  }

  /** An id that held an entity could not be read back before that entity is loaded: there it is refused. */
  private referenceOf(value: unknown): EntityReference | undefined {
    if (this.insideReference || typeof value !== 'object' || value === null) return undefined;
    return this.options.entities.reference(value);
  }

  private personal(value: PersonalValue): void {
    const options = { ...this.options, secret: true };
    const write = (inner: unknown) => new PayloadWriter(options, [...this.path]).write(inner);
    this.tagged(TAG.personal, () => ({ ...value.stored(write) }));
  }

  private snapshot(value: object): void {
    this.tagged(TAG.snapshot, () => ({ ...this.options.entities.snapshot(value) }));
  }

  private tagged(tag: string, encode: () => unknown): void {
    this.assertDepth();
    const encoded = encode();
    this.text.append(tagStart(tag));
    this.path.push({ type: tag });
    this.value(encoded);
    this.path.pop();
    this.text.append('}');
  }

  private string(value: string): void {
    // Before it is quoted: a huge string would be copied only to be refused.
    this.text.assertRoomFor(value.length);
    this.text.append(JSON.stringify(value));
  }

  /** Of what somebody else's code threw. */
  private failure(expected: string, actual: string, thrown: unknown): PayloadEncodingError {
    if (this.options.secret) return this.refusal(expected, actual);
    return this.refusal(expected, `${actual}: ${messageOf(thrown)}`, thrown);
  }

  private refusal(expected: string, actual: string, cause?: unknown): PayloadEncodingError {
    return new PayloadEncodingError(
      formatPath(this.path),
      expected,
      actual,
      cause === undefined ? {} : { cause },
    );
  }
}

/** The tag that a plain object needs to come back as it is, if any. */
function tagOf(object: object, keys: readonly string[]): string | undefined {
  if (Object.getPrototypeOf(object) === null) return TAG.nullObject;
  return keys.includes(TYPE_KEY) ? TAG.object : undefined;
}

function numberText(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value);
}

function tagStart(tag: string): string {
  return `{${JSON.stringify(TYPE_KEY)}:${JSON.stringify(tag)},"value":`;
}
