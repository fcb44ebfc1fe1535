import { flag, whole } from '../core/options/checks.js';
import { opt, type OptionsOf } from '../core/options/declare.js';
import { checkedWhitelist } from '../event-types/event-definition.js';

export const EVENT_TYPES = {
  /** Names may have more than two parts: `shop.orders.Placed`; otherwise exactly `app.ClassName`. Default `false`. */
  nestedNames: opt(flag, false),
  /**
   * What happens to properties that an event's class does not declare: `false` keeps them, `true` drops them, `'forbid'`
   * refuses the event. Declared is what has a decorator of class-validator, is required by `@RequireKeys`, or is given a
   * value by the class. Default `false`.
   */
  whitelist: opt(checkedWhitelist, false),
  /** How many proxies in front of the application can be believed what they say of the client's address. Default `0`. */
  trustedProxies: opt(whole(0), 0),
};

/** How named events are treated. */
export interface EventTypesOptions extends OptionsOf<typeof EVENT_TYPES> {}
