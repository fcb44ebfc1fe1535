import type { QueryRunner } from 'typeorm';
import { errorLine } from '../../core/error-text.js';
import type { RecordedEvent } from '../../core/event.js';
import type { FollowableLog, NotificationPage, NotificationSelection } from '../../core/notification-log.js';
import { PRUNED } from '../../core/stored-payload.js';
import { PayloadPrunedError } from '../../payload/errors.js';
import type { OwnLogger } from '../../runtime/logging.js';
import type { Behind } from '../../store/followers/follower-views.js';
import type { StoredEvent } from '../../store/ports/rows.js';
import { UpstreamBehindError, UpstreamUnreadableError } from '../errors.js';
import type { FollowedLog, LogPage, PageWish } from './followed-log.js';

/** Events that are asked for at a time, where they are only counted. */
const COUNTED = 1000;
/** Answers in a row that are behind a follower until somebody is told: one process of the other side may know less than another. */
const PATIENCE = 5;

export interface OtherLogParts {
  /** What the application calls it. */
  readonly name: string;
  readonly log: FollowableLog;
  readonly logger: OwnLogger;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** The event as methods get it, of what came from the log. */
  readonly restored: (event: RecordedEvent) => Promise<RecordedEvent>;
}

/** Why the log cannot be read, and since when. */
export interface Trouble {
  readonly since: Date;
  readonly error: unknown;
}

/** The log of another application, or of another database. That it cannot be read is a state of it, told of when it begins and ends. */
export class OtherLog implements FollowedLog {
  /** Up to where it was decided when it last answered. */
  known = 0;
  trouble?: Trouble;
  /** Asking for events failed: that it says how far it is proves nothing then. */
  private isOfEvents = false;
  private behindFor = 0;
  private asking?: Promise<unknown>;
  private polledAt = -Infinity;
  private readonly stopping = new AbortController();
  private readonly events = new WeakMap<StoredEvent, RecordedEvent>();

  constructor(private readonly parts: OtherLogParts) {}

  async page({ from, to, size, groups }: PageWish): Promise<LogPage> {
    const page = await this.ask({
      ...{ after: from, until: to, limit: size },
      ...(groups === undefined ? {} : { groups }),
    });
    // Somebody who asks for what he has seen before would take it for removed.
    if (page.reached <= from || page.decided < Math.min(to, from + 1)) throw this.behindOf(to, page.decided);
    return { events: page.items.map((event) => this.stored(event)), reached: page.reached };
  }

  async decided(): Promise<number> {
    return (await this.ask({ limit: 0 })).decided;
  }

  async behind(position: number): Promise<Behind> {
    const asked = this.trouble
      ? undefined
      : await this.ask({ after: position, limit: 1 }).catch(() => undefined);
    const lag = Math.max(0, this.known - position);
    const [first] = asked?.items ?? [];
    const since = first ? this.parts.now() - first.recordedAt.getTime() : 0;
    return { lag, lagSeconds: lag === 0 ? 0 : Math.max(0, since / 1000) };
  }

  async count(after: number, upTo: number, takes: (group: string) => boolean): Promise<number> {
    let events = 0;
    const end = Math.min(upTo, await this.decided());
    for (let from = after; from < end;) {
      const page = await this.page({ from, to: end, size: COUNTED, groups: undefined });
      events += page.events.filter(({ group }) => takes(group)).length;
      from = page.reached;
    }
    return events;
  }

  async read(event: StoredEvent, _runner: QueryRunner): Promise<RecordedEvent> {
    // Its log has removed what it held: as if it were of its own log.
    if (event.encoding === PRUNED) throw new PayloadPrunedError();
    return this.parts.restored(this.events.get(event)!);
  }

  has(event: StoredEvent): boolean {
    return this.events.has(event);
  }

  /**
   * Asks how far it is, unless that was done within `interval` milliseconds, for a follower at that position; `grown` is
   * called where there is more than the position. Never rejects.
   */
  poll(position: number, interval: number, grown: () => void): void {
    if (this.asking || performance.now() - this.polledAt < interval) return;
    this.polledAt = performance.now();
    this.asking = this.decided()
      .then((decided) => {
        this.compare(position, decided);
        if (decided > position) grown();
      })
      .catch(() => undefined)
      .finally(() => (this.asking = undefined));
  }

  /** What is under way is given up. */
  stop(): void {
    this.stopping.abort();
  }

  private async ask(selection: NotificationSelection): Promise<NotificationPage> {
    const { log, name } = this.parts;
    try {
      const page = await log.page(selection, { signal: this.stopping.signal });
      this.known = page.decided;
      const isProof = !this.isOfEvents || asksForEvents(selection);
      if (isProof && !(this.trouble?.error instanceof UpstreamBehindError)) this.isBack();
      return page;
    } catch (error) {
      const unreadable = new UpstreamUnreadableError(name, error);
      this.isOfEvents ||= asksForEvents(selection);
      this.isTroubled(unreadable);
      throw unreadable;
    }
  }

  private compare(position: number, decided: number): void {
    if (decided >= position) {
      this.behindFor = 0;
      if (this.trouble?.error instanceof UpstreamBehindError) this.isBack();
      return;
    }
    this.behindFor++;
    if (this.behindFor >= PATIENCE) this.isTroubled(this.behindOf(position, decided));
  }

  private behindOf(position: number, decided: number): UpstreamBehindError {
    return new UpstreamBehindError(this.parts.name, position, decided);
  }

  private isTroubled(error: Error): void {
    if (this.trouble || this.stopping.signal.aborted) return;
    this.trouble = { since: new Date(this.parts.now()), error };
    this.parts.logger.warn(
      `${error.message} Followers of it wait; this is not told again until it can be read.`,
    );
  }

  private isBack(): void {
    if (!this.trouble) return;
    const seconds = (this.parts.now() - this.trouble.since.getTime()) / 1000;
    this.trouble = undefined;
    this.isOfEvents = false;
    this.parts.logger.log(`Upstream ${this.parts.name} can be read again, after ${seconds.toFixed(1)} s.`);
  }

  /** As the engine knows events; what its methods get is kept beside it. */
  private stored(event: RecordedEvent): StoredEvent {
    const { position, key, group, metadata, orderKey = null } = event;
    const encoding = event.pruned ? PRUNED : 'json';
    const stored: StoredEvent = {
      ...{ position, key, group, orderKey, payload: null, payloadBytes: null, encoding },
      metadata: JSON.stringify(metadata),
      occurredAt: event.occurredAt.getTime(),
      recordedAt: event.recordedAt.getTime(),
    };
    this.events.set(stored, event);
    return stored;
  }
}

/** In words, for those who look. */
export function troubleOf({ error, since }: Trouble): { since: Date; error: string } {
  return { since, error: errorLine(error) };
}

function asksForEvents({ limit }: NotificationSelection): boolean {
  return limit !== 0;
}
