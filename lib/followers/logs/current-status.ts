import type { FollowerRow } from '../../store/followers/follower-rows.js';
import { positionOf } from '../../store/followers/follower-rows.js';
import type { FollowersParts } from '../followers-parts.js';
import { type FollowerStatus, statusOf } from '../follower-status.js';
import { fromOf } from './followed-logs.js';
import { troubleOf } from './other-log.js';

/** How a follower is doing, by its row and its log. */
export async function currentStatus(
  { logs, database }: Pick<FollowersParts, 'logs' | 'database'>,
  row: FollowerRow,
): Promise<FollowerStatus> {
  const [from, now] = [fromOf(row), database.clock.now()];
  const other = logs.other(from);
  if (from !== undefined && !other) {
    const error = `This process has no upstream ${from}: forRoot({ upstreams })`;
    return statusOf(row, { lag: 0, lagSeconds: 0, unreadable: { since: now, error } }, now);
  }
  const behind = await (other ?? logs.own).behind(positionOf(row));
  const trouble = other?.trouble;
  return statusOf(row, { ...behind, ...(trouble ? { unreadable: troubleOf(trouble) } : {}) }, now);
}
