import { type EventClass, eventTypeNameOf } from '../core/event-types.js';
import type { EventTypeOptions } from '../event-types/event-type-options.js';
import { EventType } from '../event-types/event-type.decorator.js';

const COMMANDS = new WeakSet<object>();

/**
 * Makes a class that of the commands named `name`, `app.ClassName`: its properties are their data, validated as those of
 * `@EventType`, whose options it has. A process that executes it has it in `forFeature({ commands })`, one that only sends it in `events`.
 */
// The class is known only when the decorator is applied.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export function CommandType<T extends object = any>(name: string, options: EventTypeOptions<T> = {}) {
  return (type: EventClass<T>): void => {
    EventType<T>(name, options)(type);
    COMMANDS.add(type);
  };
}

/** The name of a command's class; undefined on one that is no command's. */
export function commandNameOf(type: unknown): string | undefined {
  return typeof type === 'function' && COMMANDS.has(type) ? eventTypeNameOf(type) : undefined;
}
