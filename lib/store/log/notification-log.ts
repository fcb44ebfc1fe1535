import type { RecordedEvent } from '../../core/event.js';
import { STREAM_PREFIX } from '../../core/event-input.js';
import {
  checkedSelection,
  type Notifications,
  type NotificationPage,
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
    if (selection.limit === 0 || selection.groups?.length === 0) {
      checkedSelection(selection, Number.MAX_SAFE_INTEGER);
      return [];
    }
    return [...(await this.page(selection)).items];
  }

  /** Events in log order, and how far they go. Throws what `select` does. */
  async page(selection: NotificationSelection = {}): Promise<NotificationPage> {
    const checked = checkedSelection(selection, Number.MAX_SAFE_INTEGER);
    const { after = 0, until = Infinity, limit = MOST, groups, application } = checked;
    const { store, horizon, reader } = this.parts;
    const decided = await horizon.advance();
    if (limit === 0) return { items: [], reached: after, decided };
    const upTo = Math.min(until, decided);
    const keys = application && STREAM_PREFIX + streamName(application, '');
    const page = groups?.length === 0 ? [] : await store.page(after, upTo, groups, limit, keys);
    const items: RecordedEvent[] = [];
    for (const stored of page) items.push(await reader.recorded(stored));
    return { items, reached: items.length < limit ? Math.max(after, upTo) : items.at(-1)!.position, decided };
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
