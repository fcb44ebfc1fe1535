import { type EventClass, nameEventType, noteSynchronous } from '../core/event-types.js';
import { type EventTypeOptions, noteEventTypeOptions } from './event-type-options.js';
import { synchronously } from './synchronous-acceptance.js';

/**
 * Makes a class that of the events named `name`, `app.ClassName`: its properties are their data, with their defaults and
 * their class-validator decorators. Register it: `forRoot({ events })`, `forFeature({ events })` or as a provider. Only
 * notes metadata: name and options are checked when the application starts.
 */
// The class is known only when the decorator is applied, so that `key: (e) => …` has to do without its type.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export function EventType<T extends object = any>(name: string, options: EventTypeOptions<T> = {}) {
  return (type: EventClass<T>): void => {
    nameEventType(type, name);
    noteSynchronous(type, synchronously(type));
    noteEventTypeOptions(type, options);
  };
}
