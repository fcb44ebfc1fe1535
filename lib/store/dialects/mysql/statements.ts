import type { Tables } from '../../ports/tables.js';

/** Leaves a row that is there as it is. Not `INSERT IGNORE`, which swallows truncation and other errors too. */
export const LEAVE = 'ON DUPLICATE KEY UPDATE position = position';

/** A comment for MySQL, which has no such thing and waits: an INSERT that meets a lock fails at once. */
export const WITHOUT_WAITING = '/*M!100300 SET STATEMENT innodb_lock_wait_timeout = 0 FOR */';

/** The end of a SELECT by which an append tells the horizon that positions of its transaction may be undecided. */
export function epochLock(t: Tables): string {
  return `FROM ${t.name('epoch')} WHERE id = (SELECT MOD(value, 2) FROM ${t.state} WHERE name = 'epoch') LOCK IN SHARE MODE`;
}

/** The table with a row for each bucket of tags. */
export function buckets(t: Tables): string {
  return t.name('bucket');
}
