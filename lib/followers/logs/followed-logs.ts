import type { QueryRunner } from 'typeorm';
import type { RecordedEvent } from '../../core/event.js';
import type { FollowerRow } from '../../store/followers/follower-rows.js';
import type { StoredEvent } from '../../store/ports/rows.js';
import { UpstreamUnreadableError } from '../errors.js';
import type { FollowedLog } from './followed-log.js';
import type { OtherLog } from './other-log.js';

/** The logs that followers of this process may follow: its own, and others by the names that the application gives them. */
export class FollowedLogs {
  constructor(
    readonly own: FollowedLog,
    private readonly others: ReadonlyMap<string, OtherLog>,
  ) {}

  /** The log of that name; this application's own without one. Throws `UpstreamUnreadableError` where this process does not know it. */
  of(from: string | undefined): FollowedLog {
    if (from === undefined) return this.own;
    const other = this.others.get(from);
    if (other) return other;
    throw new UpstreamUnreadableError(
      from,
      new Error('this process has no upstream of that name: add it to the option upstreams of forRoot'),
    );
  }

  /** Undefined for this application's own, and for one that this process does not know. */
  other(from: string | undefined): OtherLog | undefined {
    return from === undefined ? undefined : this.others.get(from);
  }

  read(event: StoredEvent, runner: QueryRunner): Promise<RecordedEvent> {
    const other = [...this.others.values()].find((one) => one.has(event));
    return (other ?? this.own).read(event, runner);
  }

  stop(): void {
    for (const other of this.others.values()) other.stop();
  }
}

/** The other log that a follower follows, as its row says: of its own log it always has the upstream `''`. */
export function fromOf({ upstreams }: Pick<FollowerRow, 'upstreams'>): string | undefined {
  return upstreams.some(({ upstream }) => upstream === '') ? undefined : upstreams[0]?.upstream;
}
