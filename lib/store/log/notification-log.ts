import type { RecordedEvent } from '../../core/event.js';
import { STREAM_PREFIX } from '../../core/event-input.js';
import {
  checkedSelection,
  type Notifications,
  type NotificationSection,
  type NotificationSelection,
  positionsOf,
  sectionOf,
} from '../../core/notification-log.js';
import { streamName } from '../../core/stream.js';
import type { Horizon } from '../db/horizon.js';
import type { EventLogStore } from './event-log-store.js';
import type { EventReader } from './event-reader.js';

/** Events that one section may have. */
export const MOST = 10;

export interface NotificationLogParts {
  store: Pick<EventLogStore, 'page'>;
  horizon: Pick<Horizon, 'advance'>;
  reader: EventReader;
}

/** The log of this process's database as other systems read it. */
export class NotificationLog implements Notifications {
  constructor(private readonly parts: NotificationLogParts) {}

  /**
   * Events in log order, never past what is decided. Throws `InvalidOptionError`; `EventVersionError` or
   * `PayloadDecodingError` where one cannot be read.
   */
  async select(selection: NotificationSelection = {}): Promise<RecordedEvent[]> {
    const checked = checkedSelection(selection, Number.MAX_SAFE_INTEGER);
    const { after = 0, until = Infinity, limit = MOST, groups, application } = checked;
    if (limit === 0 || groups?.length === 0) return [];
    const { store, horizon, reader } = this.parts;
    const upTo = Math.min(until, await horizon.advance());
    const keys = application && STREAM_PREFIX + streamName(application, '');
    const page = await store.page(after, upTo, groups, limit, keys);
    const events: RecordedEvent[] = [];
    for (const stored of page) events.push(await reader.recorded(stored));
    return events;
  }

  /** Throws `InvalidSectionError`, too. */
  async section(
    id: string,
    { application }: Pick<NotificationSelection, 'application'> = {},
    most = MOST,
  ): Promise<NotificationSection> {
    const { after, limit } = positionsOf(id, most);
    return sectionOf(
      await this.select({ after, limit, ...(application === undefined ? {} : { application }) }),
      limit,
    );
  }
}
