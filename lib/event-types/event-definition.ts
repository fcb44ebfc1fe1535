import type { EventClass } from '../core/event-types.js';
import { describe } from '../core/describe.js';
import { InvalidOptionError } from '../core/errors.js';
import { must } from '../core/options/checks.js';
import { assertKnownOptions } from '../core/options/known-options.js';
import { InvalidEventTypeError } from './errors.js';
import { type EventTypeOptions, eventTypeOptionsOf, type Whitelist } from './event-type-options.js';
import { requiredKeysOf } from './require-keys.decorator.js';

/** An event's class with all that was said of it, checked. */
export interface EventDefinition {
  readonly type: EventClass;
  readonly name: string;
  readonly whitelist: Whitelist;
  readonly required: readonly string[];
  /** Has decorators of class-validator. */
  readonly isDecorated: boolean;
  /** The properties that the whitelist lets through: decorated, required, or given a value by the class itself. */
  readonly known: ReadonlySet<string>;
  readonly key?: (event: object) => unknown;
  readonly orderKey?: (event: object) => unknown;
}

export interface DefinitionDefaults {
  whitelist: Whitelist;
  decorated: ReadonlySet<string>;
}

/** Throws `InvalidEventTypeError`, `UnknownOptionError` or `InvalidOptionError`. */
export function eventDefinition(
  type: EventClass,
  name: string,
  { whitelist: byDefault, decorated }: DefinitionDefaults,
): EventDefinition {
  const where = `@EventType of ${type.name}`;
  const options = eventTypeOptionsOf(type);
  assertKnownOptions(options, ['key', 'orderKey', 'whitelist', 'dataSource'], where);
  const { key, orderKey, whitelist = byDefault } = options;
  const required = requiredKeysOf(type);
  return {
    type,
    name,
    whitelist: checkedWhitelist(whitelist, 'whitelist', where),
    required,
    isDecorated: decorated.size > 0,
    known: new Set([...decorated, ...required, ...Object.keys(emptyInstance(type))]),
    ...ofFunctions({ key, orderKey }, where),
  };
}

export const checkedWhitelist = must<Whitelist>(
  "true, false or 'forbid'",
  (value) => typeof value === 'boolean' || value === 'forbid',
);

function ofFunctions(
  functions: Pick<EventTypeOptions<object>, 'key' | 'orderKey'>,
  where: string,
): Pick<EventDefinition, 'key' | 'orderKey'> {
  const given = Object.entries(functions).filter(([, value]) => value !== undefined);
  for (const [option, value] of given) {
    if (typeof value !== 'function')
      throw new InvalidOptionError(option, 'a function', describe(value), where);
  }
  return Object.fromEntries(given);
}

function emptyInstance(type: EventClass): object {
  try {
    return new type();
  } catch (cause) {
    const reason = 'it has to be possible to make an instance without arguments, into which the data is put.';
    throw new InvalidEventTypeError(type.name, reason, { cause });
  }
}
