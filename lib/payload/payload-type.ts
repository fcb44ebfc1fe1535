interface PayloadTypeBase<T, J> {
  /** Stored with every value: unique, and not to be changed while stored payloads carry it. */
  readonly name: string;
  /** What to store: anything a payload may hold, other types and entities included. Throws to refuse a value. */
  encode(value: T): J;
  /** The value again, from what `encode` gave. */
  decode(json: J): T;
}

/** Takes the direct instances of a class; a subclass needs a type of its own. */
export interface ClassPayloadType<T = unknown, J = unknown> extends PayloadTypeBase<T, J> {
  readonly type: abstract new (...parameters: never[]) => T;
  matches?: undefined;
}

/** Takes whatever `matches` says. */
export interface MatchingPayloadType<T = unknown, J = unknown> extends PayloadTypeBase<T, J> {
  matches(value: unknown): boolean;
}

/**
 * How values that JSON does not know are stored. Never asked about what JSON does know: strings, booleans, null,
 * finite numbers, plain arrays and plain objects. Asked before entities, so an entity class may have a type.
 *
 * @example { name: 'Money', type: Money, encode: (money) => money.cents, decode: (cents) => new Money(cents) }
 */
export type PayloadType<T = unknown, J = unknown> = ClassPayloadType<T, J> | MatchingPayloadType<T, J>;

export function matchesType(type: PayloadType, value: unknown): boolean {
  if (type.matches) return type.matches(value);
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === type.type.prototype;
}
