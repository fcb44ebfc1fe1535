import { types } from 'node:util';
import { describe } from '../core/describe.js';
import { PayloadEncodingError } from '../payload/errors.js';
import { expectationFor } from '../payload/refusal.js';
import { formatPath, type PathSegment } from '../payload/value-path.js';
import { hasPrototypeDepth, isPlainArray, isPlainObject } from '../payload/value-shape.js';

const MAX_DEPTH = 500;

/**
 * A copy of an event's data, as the log gives it back: plain objects, arrays, dates, maps, sets and bytes are copied,
 * `undefined` is dropped as a property. Throws `PayloadEncodingError` with the path to what cannot be stored. Instances of
 * other classes stay what they are: which of them can be stored, the application knows at the save.
 */
export function checkedCopy(data: unknown): unknown {
  return data === undefined ? undefined : new Copying().value(data);
}

class Copying {
  private readonly path: PathSegment[] = [];
  private readonly open: object[] = [];

  value(value: unknown): unknown {
    if (typeof value === 'object' && value !== null) return this.object(value);
    const isStorable = typeof value === 'number' ? Number.isFinite(value) : isScalar(value);
    if (!isStorable) throw this.refusal(expectationFor(value), describe(value));
    return value;
  }

  private object(value: object): unknown {
    if (this.open.includes(value)) throw this.refusal('free of cycles', 'a reference back');
    if (this.path.length >= MAX_DEPTH)
      throw this.refusal(`nested at most ${MAX_DEPTH} levels deep`, 'a deeper one');
    this.open.push(value);
    const copy = this.copied(value);
    this.open.pop();
    return copy;
  }

  private copied(value: object): unknown {
    if (isPlainArray(value)) return Array.from(value, (item, index) => this.at(index, item));
    if (isPlainObject(value)) return this.members(value);
    if (types.isPromise(value)) throw this.refusal(expectationFor(value), describe(value));
    if (types.isDate(value)) return this.date(value);
    if (types.isMap(value) && hasPrototypeDepth(value, 1)) return new Map(this.items('Map', value));
    if (types.isSet(value) && hasPrototypeDepth(value, 1)) return new Set(this.items('Set', value));
    if (Buffer.isBuffer(value)) return Buffer.from(value);
    return types.isUint8Array(value) && hasPrototypeDepth(value, 2) ? value.slice() : value;
  }

  private members(value: Record<string, unknown>): object {
    const symbol = Object.getOwnPropertySymbols(value).find((key) =>
      Object.prototype.propertyIsEnumerable.call(value, key),
    );
    if (symbol) throw this.refusal('an object with string keys only', `one with the key ${String(symbol)}`);
    const copy = (Object.getPrototypeOf(value) === null ? Object.create(null) : {}) as typeof value;
    for (const key of Object.keys(value)) {
      const item = value[key];
      if (item !== undefined) setOwn(copy, key, this.at(key, item));
    }
    return copy;
  }

  private date(value: Date): Date {
    if (Number.isNaN(value.getTime())) throw this.refusal('a valid Date', describe(value));
    return new Date(value);
  }

  private items<T>(type: string, items: Iterable<T>): T[] {
    this.path.push({ type });
    const copies = Array.from(items, (item, index) => this.at(index, item) as T);
    this.path.pop();
    return copies;
  }

  private at(segment: PathSegment, value: unknown): unknown {
    // Most of what events hold are texts and numbers, which need no path.
    if (typeof value === 'string' || Number.isFinite(value)) return value;
    this.path.push(segment);
    const copy = this.value(value);
    this.path.pop();
    return copy;
  }

  private refusal(expected: string, actual: string): PayloadEncodingError {
    return new PayloadEncodingError(formatPath(this.path), expected, actual);
  }
}

function isScalar(value: unknown): boolean {
  return value === null || ['string', 'boolean', 'bigint'].includes(typeof value);
}

/** An assignment to `__proto__` would be none. */
function setOwn(target: Record<string, unknown>, key: string, value: unknown): void {
  if (key !== '__proto__') target[key] = value;
  else Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
}
