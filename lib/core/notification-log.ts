import { describe } from './describe.js';
import { EventSourcingError } from './errors.js';
import type { RecordedEvent } from './event.js';
import { list, must, whole } from './options/checks.js';
import { maybe, opt, resolved } from './options/declare.js';

/** Some of the log's events, in log order. */
export interface NotificationSection {
  /** `'<first position>,<last position>'` of what is in it; null where nothing is. */
  readonly id: string | null;
  /** The id to ask for next; null where this one is not full, so that nothing may follow yet. */
  readonly next: string | null;
  readonly items: readonly RecordedEvent[];
}

export interface NotificationSelection {
  /** Events behind this position. Default 0: from the start. */
  after?: number;
  /** Events up to this position, which is included. Default: all that are decided. */
  until?: number;
  /** At most this many. Default 10. */
  limit?: number;
  /** Events of these groups only. Default: all. */
  groups?: readonly string[];
  /** Events of the aggregates of this application only. Default: all events of the log. */
  application?: string;
}

/** Some of the log's events, and how far they and the log go. */
export interface NotificationPage {
  readonly items: readonly RecordedEvent[];
  /** Up to there, nothing that was selected is missing from `items`. */
  readonly reached: number;
  /** Up to there the log is decided: nothing can appear there any more. */
  readonly decided: number;
}

/** A log that can be followed: what the option `upstreams` takes. */
export interface FollowableLog {
  /** As `select`, and says how far that goes; fewer than `limit` may come where there are more. With `limit: 0`, says only that. */
  page(selection?: NotificationSelection, options?: { signal?: AbortSignal }): Promise<NotificationPage>;
}

/** The log as other systems read it: in order, and never past what is decided, so that nothing can appear later before it. */
export interface Notifications extends FollowableLog {
  select(selection?: NotificationSelection): Promise<RecordedEvent[]>;
  /** Of the id `'1,10'`: up to ten events, from position 1 on, whatever positions are missing. */
  section(id: string, options?: Pick<NotificationSelection, 'application'>): Promise<NotificationSection>;
}

/** What stands for no section, or for one that is too long. */
export class InvalidSectionError extends EventSourcingError {
  readonly code = 'INVALID_SECTION';

  constructor(
    readonly section: string,
    readonly most: number,
  ) {
    super(
      `"${section}" is no section: expected two positions, as '1,${most}', of which the second is not before the first and at ` +
        `most ${most} positions are between them, both included. Ask for the next section by the id that the last one gave.`,
    );
  }
}

/** Throws `InvalidSectionError`. */
export function positionsOf(section: unknown, most: number): { after: number; limit: number } {
  const match = typeof section === 'string' ? /^(\d{1,15}),(\d{1,15})$/.exec(section) : null;
  const [first, last] = [Number(match?.[1]), Number(match?.[2])];
  if (!match || first < 1 || last < first || last - first >= most)
    throw new InvalidSectionError(typeof section === 'string' ? section : describe(section), most);
  return { after: first - 1, limit: last - first + 1 };
}

export function sectionOf(items: readonly RecordedEvent[], limit: number): NotificationSection {
  const [first, last] = [items[0]?.position, items.at(-1)?.position];
  if (first === undefined || last === undefined) return { id: null, next: null, items };
  const next = items.length === limit ? `${last + 1},${last + limit}` : null;
  return { id: `${first},${last}`, next, items };
}

const application = must<string>(
  'the name of an application',
  (value) => typeof value === 'string' && value !== '' && !value.includes(':'),
);

/** Throws `UnknownOptionError` or `InvalidOptionError`. */
export function checkedSelection(selection: NotificationSelection, most: number): NotificationSelection {
  const declaration = {
    after: opt(whole(0), 0),
    until: maybe(whole(0)),
    limit: opt(whole(0, most), Math.min(10, most)),
    groups: maybe(list<string>('an array of strings', (group) => typeof group === 'string')),
    application: maybe(application),
  };
  const checked = resolved(declaration, selection, { where: 'NotificationLog.select' });
  return Object.fromEntries(Object.entries(checked).filter(([, value]) => value !== undefined));
}
