import type { FollowerRow, NewFollower } from '../../store/followers/follower-rows.js';
import { FollowerLogChangedError } from '../errors.js';
import { fromOf } from './followed-logs.js';

/** Each follows the log that its versions have followed. Throws `FollowerLogChangedError`. */
export function assertLogs(followers: readonly NewFollower[], rows: readonly FollowerRow[]): void {
  for (const { name, from } of followers) {
    const other = rows.find((row) => row.name === name && fromOf(row) !== from);
    if (other) throw new FollowerLogChangedError(name, fromOf(other), from);
  }
}
