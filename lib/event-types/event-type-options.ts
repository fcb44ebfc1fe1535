import 'reflect-metadata';
import type { EventClass } from '../core/event-types.js';

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

/** Notes the options of `@EventType` on the class. */
export function noteEventTypeOptions(type: EventClass, options: EventTypeOptions<never>): void {
  Reflect.defineMetadata(METADATA, options, type);
}

/** The options of `@EventType`, as they were given. */
export function eventTypeOptionsOf(type: EventClass): EventTypeOptions<object> {
  return Reflect.getOwnMetadata(METADATA, type) as EventTypeOptions<object>;
}
