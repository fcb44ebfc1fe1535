import { describe } from '../core/describe.js';
import { InvalidOptionError } from '../core/errors.js';
import type { EventClass } from '../core/event-types.js';
import { assertKnownOptions } from '../core/options.js';
import { checkedWhitelist } from '../event-types/event-definition.js';
import type { Whitelist } from '../event-types/event-type.decorator.js';

/** How named events are treated. */
export interface EventTypesOptions {
  /** Names may have more than two parts: `shop.orders.Placed`. Default false: exactly `app.ClassName`. */
  nestedNames?: boolean;
  /**
   * What happens to properties that an event's class does not declare: `false` keeps them, `true` drops them, `'forbid'`
   * refuses the event. Declared is what has a decorator of class-validator, is required by `@RequireKeys`, or is given a
   * value by the class. Default false.
   */
  whitelist?: Whitelist;
  /** How many proxies in front of the application can be believed what they say of the client's address. Default 0. */
  trustedProxies?: number;
}

export type ResolvedEventTypes = Required<EventTypesOptions>;

export function eventTypesOptions(options: EventTypesOptions = {}, where: string): ResolvedEventTypes {
  assertKnownOptions(options, ['nestedNames', 'whitelist', 'trustedProxies'], `${where}, eventTypes`);
  const { nestedNames = false, whitelist = false, trustedProxies = 0 } = options;
  if (typeof nestedNames !== 'boolean') {
    throw new InvalidOptionError('eventTypes.nestedNames', 'true or false', describe(nestedNames), where);
  }
  if (!Number.isSafeInteger(trustedProxies) || trustedProxies < 0) {
    const expected = 'a whole number, 0 or more';
    throw new InvalidOptionError('eventTypes.trustedProxies', expected, describe(trustedProxies), where);
  }
  return {
    nestedNames,
    whitelist: checkedWhitelist(whitelist, 'eventTypes.whitelist', where),
    trustedProxies,
  };
}

export function checkedEvents(events: unknown, where: string): readonly EventClass[] {
  if (events === undefined) return [];
  if (Array.isArray(events) && events.every((type) => typeof type === 'function'))
    return events as EventClass[];
  throw new InvalidOptionError('events', 'an array of classes', describe(events), where);
}
