import 'reflect-metadata';
import { type EventClass, nameEventType } from '../core/event-types.js';

/** Whether properties that an event's class does not declare are kept, dropped, or refused. */
export type Whitelist = boolean | 'forbid';

export interface EventTypeOptions<T extends object> {
  /** What makes it the same event when it is logged again, worked out from the validated data. Default: every call is an event of its own. */
  key?: (event: T) => string;
  /** The `orderKey` of its events, worked out from the validated data. Default: none. */
  orderKey?: (event: T) => string | undefined;
  /** Overrides the module's `eventTypes.whitelist`. */
  whitelist?: Whitelist;
  /** Name of the DataSource in whose log alone its events are recorded. Default: any for which it is registered. */
  dataSource?: string;
}

const METADATA = Symbol('event type');

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
    Reflect.defineMetadata(METADATA, options, type);
  };
}

/** The options of `@EventType`, as they were given. */
export function eventTypeOptionsOf(type: EventClass): EventTypeOptions<object> {
  return Reflect.getOwnMetadata(METADATA, type) as EventTypeOptions<object>;
}
