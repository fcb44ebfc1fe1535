import type { QueryRunner } from 'typeorm';
import type { RecordedEvent } from '../../core/event.js';
import type { Horizon } from '../../store/db/horizon.js';
import type { Behind, FollowerViews } from '../../store/followers/follower-views.js';
import type { EventLogStore } from '../../store/log/event-log-store.js';
import type { StoredEvent } from '../../store/ports/rows.js';
import type { FollowedLog, LogPage, PageWish } from './followed-log.js';

export interface OwnLogParts {
  readonly store: Pick<EventLogStore, 'page' | 'pageOn'>;
  readonly horizon: Pick<Horizon, 'advance'>;
  readonly views: Pick<FollowerViews, 'behind' | 'counts'>;
  readonly read: (event: StoredEvent, runner: QueryRunner) => Promise<RecordedEvent>;
}

/** The log in the follower's own database. */
export class OwnLog implements FollowedLog {
  readonly read: FollowedLog['read'];

  constructor(private readonly parts: OwnLogParts) {
    this.read = parts.read;
  }

  async page({ from, to, size, groups, application, sql }: PageWish): Promise<LogPage> {
    const { store } = this.parts;
    const keys = application === undefined ? undefined : `stream:${application}:`;
    const events = await (sql
      ? store.pageOn(sql, from, to, groups, size, keys)
      : store.page(from, to, groups, size, keys));
    return { events, reached: events.length < size ? to : events.at(-1)!.position };
  }

  decided(): Promise<number> {
    return this.parts.horizon.advance();
  }

  behind(position: number): Promise<Behind> {
    return this.parts.views.behind(position);
  }

  async count(
    after: number,
    upTo: number,
    takes: (group: string) => boolean,
    upstream?: string,
  ): Promise<number> {
    let events = 0;
    for (const [group, count] of await this.parts.views.counts(upTo, upstream, after))
      if (takes(group)) events += count;
    return events;
  }
}
