import { types } from 'node:util';
import { ERASED, type Erased, isErased } from '../core/personal.js';
import type { PayloadType } from './payload-type.js';
import { hasPrototypeDepth } from './value-shape.js';

/** Subclasses count as dates too: fake timers of test tools hand out instances of their own subclass. */
const dateType: PayloadType<Date, string> = {
  name: 'Date',
  matches: (value) => types.isDate(value),
  // Throws for an invalid date.
  encode: (date) => date.toISOString(),
  decode: (json) => new Date(json),
};

const bigintType: PayloadType<bigint, string> = {
  name: 'bigint',
  matches: (value) => typeof value === 'bigint',
  encode: (bigint) => String(bigint),
  decode: (json) => BigInt(json),
};

const mapType: PayloadType<Map<unknown, unknown>, [unknown, unknown][]> = {
  name: 'Map',
  matches: (value) => types.isMap(value) && hasPrototypeDepth(value, 1),
  encode: (map) => [...map],
  decode: (json) => new Map(json),
};

const setType: PayloadType<Set<unknown>, unknown[]> = {
  name: 'Set',
  matches: (value) => types.isSet(value) && hasPrototypeDepth(value, 1),
  encode: (set) => [...set],
  decode: (json) => new Set(json),
};

const bufferType: PayloadType<Buffer, string> = {
  name: 'Buffer',
  matches: (value) => Buffer.isBuffer(value) && hasPrototypeDepth(value, 3),
  encode: (buffer) => buffer.toString('base64'),
  decode: (json) => Buffer.from(json, 'base64'),
};

const uint8ArrayType: PayloadType<Uint8Array, string> = {
  name: 'Uint8Array',
  matches: (value) => types.isUint8Array(value) && hasPrototypeDepth(value, 2),
  encode: (bytes) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64'),
  // Copied, because a small Buffer is a window on memory that it shares with others.
  decode: (json) => new Uint8Array(Buffer.from(json, 'base64')),
};

const erasedType: PayloadType<Erased, null> = {
  name: 'erased',
  matches: (value) => isErased(value),
  encode: () => null,
  decode: () => ERASED,
};

/** The types that every payload may hold, beyond JSON. An instance of a subclass, dates apart, needs its own type. */
export const BUILT_IN_TYPES = [
  dateType,
  bigintType,
  mapType,
  setType,
  bufferType,
  uint8ArrayType,
  erasedType,
] as readonly PayloadType[];
