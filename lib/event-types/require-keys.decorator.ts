import 'reflect-metadata';
import type { EventClass } from '../core/event-types.js';

const METADATA = Symbol('required keys');

/**
 * The short form of validation for an event's class: these properties have to be there, whatever their values; an error
 * lists those that are missing. Those that the classes it extends require are required as well.
 */
export function RequireKeys<K extends string>(...keys: readonly K[]) {
  return (type: abstract new (...args: never[]) => Record<K, unknown>): void => {
    Reflect.defineMetadata(METADATA, [...inherited(type), ...keys], type);
  };
}

/** The properties that `@RequireKeys` asks for, of the class and those that it extends. */
export function requiredKeysOf(type: EventClass): readonly string[] {
  return [...new Set(inherited(type))];
}

/** `getMetadata` looks along the prototypes. */
function inherited(type: Function): readonly string[] {
  return (Reflect.getMetadata(METADATA, type) ?? []) as readonly string[];
}
