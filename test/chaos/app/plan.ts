// What the application does with which event, as the application and the judge both know it.

/** How a handler's deliveries are to end, and what is counted of it. */
export interface HandlerPlan {
  /** Groups of the events that it handles. */
  groups: readonly string[];
  /** A transactional one inserts one effect for each event; of a plain one each start is in its process's journal. */
  kind: 'transactional' | 'plain';
  ends: 'succeeded' | 'dead';
  /** Its effects come in log order for each order key. */
  ordered?: boolean;
}

const ORDINARY = ['deed', 'entry', 'seed', 'echo'];

export const HANDLERS = {
  /** Fails, or swallows a failing statement of its own, now and then. */
  book: { groups: ORDINARY, kind: 'transactional', ends: 'succeeded' },
  notify: { groups: ORDINARY, kind: 'plain', ends: 'succeeded' },
  /** Fails up to three times. */
  flaky: { groups: ['deed', 'echo'], kind: 'plain', ends: 'succeeded' },
  follow: { groups: ['deed'], kind: 'transactional', ends: 'succeeded', ordered: true },
  /** Updates two accounts in one order or the other. */
  rival: { groups: ['entry', 'echo'], kind: 'transactional', ends: 'succeeded' },
  /** Saves a deed of its own, whose event it causes. */
  echo: { groups: ['seed'], kind: 'transactional', ends: 'succeeded' },
  /** Takes longer than the lease. */
  slow: { groups: ['slow'], kind: 'plain', ends: 'succeeded' },
  /** Lets the whole process stand still for longer than the lease, when it is first started. */
  block: { groups: ['block'], kind: 'plain', ends: 'succeeded' },
  doomed: { groups: ['doomed'], kind: 'plain', ends: 'dead' },
} as const satisfies Record<string, HandlerPlan>;

export type HandlerName = keyof typeof HANDLERS;

/** The order in which they are declared does not matter to anybody. */
export const PLANS: Readonly<Record<string, HandlerPlan>> = HANDLERS;

/** Milliseconds. */
export const LEASE = 2000;
export const POLL_INTERVAL = 200;
/** Less than the slowest handler takes. */
export const SHUTDOWN_TIMEOUT = 2500;

/** Connections that a process has beside its pool: heartbeats and messages. */
export const CONTROL_CONNECTIONS = 1;

/** A number in [0, 1) that is the same for the same text: what a handler does to an event does not depend on when. */
export function lotOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  hash = Math.imul(hash ^ (hash >>> 12), 0x297a2d39);
  return ((hash ^ (hash >>> 15)) >>> 0) / 4_294_967_296;
}
