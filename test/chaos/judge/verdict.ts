/** What is counted, and has to be zero. */
export const COUNTS = {
  eventsLost: 'Events lost: a committed cause without its event',
  eventsWithoutCause: 'Events without a cause: it rolled back',
  toldUnrecorded: 'Told of without being recorded: an item of a stream whose event is not in the log',
  handledUnrecorded: 'Handled without being recorded: a start for an event that is not in the log',
  versionsWrong: 'Versions of a stream that are missing or there twice',
  savesLost: 'Saves of aggregates lost or doubled: told of or committed with a row, and not in the log once',
  savesUncommitted: 'Saves of aggregates in the log that were refused or rolled back',
  statesWrong: 'States of aggregates that no replay gives: seen by a save, or in a snapshot',
  decisionsWrong: 'Decisions made of other events than those that match before them',
  decisionsLost: 'Decisions that were told of, and are not in the log',
  decisionsUncommitted: 'Decisions in the log that were refused or rolled back',
  followedWrong: 'Events that a follower skipped or handled twice',
  followedOutOfOrder: 'Events that a follower handled out of order',
  collectedWrong: 'Events that a follower collected and that are not in the log once',
  deliveriesLost: 'Deliveries lost: an event that a handler neither handled nor buried by design',
  deliveriesStuck: 'Deliveries stuck: still open after draining',
  wrongEffects: 'Effects of transactional handlers ≠ 1',
  wrongBalances: 'Updates of transactional handlers lost or done twice',
  illegitimateRepeats: 'Repeats of plain handlers outside of promise 4',
  orderViolations: 'Order violations',
  leasesLostWithoutCause: 'Leases lost without a cause',
  connectionsLeaked: 'Connections left after all processes ended, or beyond a process’s pool',
  unhandled: 'Unhandled rejections and uncaught exceptions',
  badExits: 'Processes that did not exit, or not with 0',
  troubles: 'Faults that could not be made, or answers that did not come',
} as const;

export type Count = keyof typeof COUNTS;

/** What was found wrong, one line for each. */
export type Verdict = Record<Count, string[]>;

export function totalOf(verdict: Verdict): number {
  return Object.values(verdict).reduce((total, found) => total + found.length, 0);
}
