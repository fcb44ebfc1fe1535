import { describe } from '../core/describe.js';
import { InvalidOptionError } from '../core/errors.js';
import { BUILT_IN_TYPES } from './built-in-types.js';
import { matchesType, type PayloadType } from './payload-type.js';
import { TAG } from './tags.js';

/** The types that a codec knows: the application's own before the built-in ones. */
export class TypeRegistry {
  private readonly types: readonly PayloadType[];
  private readonly byName: ReadonlyMap<string, PayloadType>;

  /** Throws `InvalidOptionError` for a name that is missing, taken or reserved, and for an incomplete type. */
  constructor(ownTypes: readonly PayloadType[] = []) {
    ownTypes.forEach((type, index) => assertType(type, index, ownTypes));
    this.types = [...ownTypes, ...BUILT_IN_TYPES];
    this.byName = new Map(this.types.map((type) => [type.name, type]));
  }

  for(value: unknown): PayloadType | undefined {
    return this.types.find((type) => matchesType(type, value));
  }

  named(name: string): PayloadType | undefined {
    return this.byName.get(name);
  }
}

const RESERVED: readonly string[] = [...Object.values(TAG), ...BUILT_IN_TYPES.map(({ name }) => name)];

function assertType(type: PayloadType, index: number, all: readonly PayloadType[]): void {
  const option = `types[${index}]`;
  if (!isComplete(type)) {
    const expected = 'an object { name, type or matches, encode, decode }';
    throw new InvalidOptionError(option, expected, describe(type), 'Payload');
  }
  const taken = [...RESERVED, ...all.slice(0, index).map(({ name }) => name)];
  if (type.name !== '' && !taken.includes(type.name)) return;
  const expected = `a name that no other type has (taken: ${taken.join(', ')})`;
  throw new InvalidOptionError(`${option}.name`, expected, describe(type.name), 'Payload');
}

function isComplete(type: unknown): boolean {
  if (typeof type !== 'object' || type === null) return false;
  const { name, matches, type: target, encode, decode } = type as Record<string, unknown>;
  const decides = typeof matches === 'function' || (matches === undefined && typeof target === 'function');
  return typeof name === 'string' && decides && typeof encode === 'function' && typeof decode === 'function';
}
