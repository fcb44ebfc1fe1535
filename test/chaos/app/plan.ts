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

/** Events of aggregates. */
const MARKED = 'Tally.Marked';

/** Events of decisions. */
export const CHOICE = 'choice';

const ORDINARY = ['deed', 'entry', 'seed', 'echo', MARKED, CHOICE];

export const HANDLERS = {
  /** Fails, or swallows a failing statement of its own, now and then. */
  book: { groups: ORDINARY, kind: 'transactional', ends: 'succeeded' },
  notify: { groups: ORDINARY, kind: 'plain', ends: 'succeeded' },
  /** Fails up to three times. */
  flaky: { groups: ['deed', 'echo'], kind: 'plain', ends: 'succeeded' },
  follow: { groups: ['deed', MARKED], kind: 'transactional', ends: 'succeeded', ordered: true },
  /** Updates two accounts in one order or the other. */
  rival: { groups: ['entry', 'echo'], kind: 'transactional', ends: 'succeeded' },
  /** Saves a deed of its own, whose event it causes. */
  echo: { groups: ['seed'], kind: 'transactional', ends: 'succeeded' },
  /** Marks a tally in its transaction. */
  tally: { groups: ['seed', 'entry'], kind: 'transactional', ends: 'succeeded' },
  /** Takes longer than the lease. */
  slow: { groups: ['slow'], kind: 'plain', ends: 'succeeded' },
  /** Lets the whole process stand still for longer than the lease, when it is first started. */
  block: { groups: ['block'], kind: 'plain', ends: 'succeeded' },
  doomed: { groups: ['doomed'], kind: 'plain', ends: 'dead' },
} as const satisfies Record<string, HandlerPlan>;

export type HandlerName = keyof typeof HANDLERS;

/** The order in which they are declared does not matter to anybody. */
export const PLANS: Readonly<Record<string, HandlerPlan>> = HANDLERS;

/** What a follower collects of each entry. */
export const TRACED = 'traced';

/** Which events a follower handles; each leaves one row. */
export const FOLLOWERS = {
  witness: { groups: [...ORDINARY, 'slow', 'block', 'doomed'] },
  /** Its rows have the keys of the events that those which it follows are of. */
  reader: { groups: [TRACED] },
} as const satisfies Record<string, { groups: readonly string[] }>;

export type FollowerName = keyof typeof FOLLOWERS;

/** What the rows of a version of the first follower are named by; the second has one version. */
export function witnessOf(version: number): string {
  return `witness@${version}`;
}

/** Versions of the first follower in one run, at most: each handles the whole log. */
export const MOST_VERSIONS = 5;

/** Milliseconds. */
export const LEASE = 2000;
export const POLL_INTERVAL = 200;
/** Less than the slowest handler takes. */
export const SHUTDOWN_TIMEOUT = 2500;

/** Connections that a process has beside its pool: heartbeats and messages. */
export const CONTROL_CONNECTIONS = 1;

/** The aggregates that all processes change. */
export const TALLIES = ['t0', 't1', 't2', 't3', 't4', 't5'] as const;

export type TallyId = (typeof TALLIES)[number];

/** Tags under which all processes append and decide, each entry under one. */
export const TOPICS = ['topic:0', 'topic:1', 'topic:2', 'topic:3'] as const;

/** What is decided on. */
export const ON_TOPICS = ['entry', CHOICE];

/** So many of them, in any order. */
export function someOf<T>(all: readonly T[], count: number, random: () => number): T[] {
  const lots = all.map((one) => ({ one, lot: random() })).sort((a, b) => a.lot - b.lot);
  return lots.slice(0, count).map(({ one }) => one);
}

/** What a mark begins with whose row is written in the transaction that saves its tally. */
export const BESIDE_A_ROW = 'row_';

/** Milliseconds for which a slow writer holds its transaction open. Where there is one writer, all others wait meanwhile. */
export const HOLD = { manyWriters: [1000, 3000], oneWriter: [100, 500] } as const;

/** Versions from one snapshot to the next. */
export const SNAPSHOT_EVERY = 4;

/** A tally's digest after one more mark: it depends on all marks, and on their order. */
export function digestAfter(digest: number, mark: string): number {
  return Math.floor(lotOf(`${digest} ${mark}`) * 4_294_967_296);
}

/** A number in [0, 1) that is the same for the same text: what a handler does to an event does not depend on when. */
export function lotOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  hash = Math.imul(hash ^ (hash >>> 12), 0x297a2d39);
  return ((hash ^ (hash >>> 15)) >>> 0) / 4_294_967_296;
}
