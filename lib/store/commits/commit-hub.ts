import { AsyncLocalStorage } from 'node:async_hooks';
import type { QueryRunner } from 'typeorm';
import { harmless } from '../../core/harmless.js';
import { Coalesced } from '../../runtime/coalesced.js';
import type { Messages } from '../ports/signals.js';
import type { AppendedEvent } from './appended-event.js';
import { CommitTracker, type TransactionListener } from './commit-tracker.js';
import type { Depths } from './depths.js';

/** Milliseconds between two reads, at least, so that a busy process proves many commits by one. */
const GAP = 2;

/** Milliseconds after which it is asked what became of a transaction whose end nobody reported. */
const PATIENCE = 1000;

/**
 * Told of the events that this process appended: first `appended`, then one of the others. What throws is told to the
 * hub's `failed`, and keeps nobody else from being told.
 */
export interface CommitListener {
  /** The events were appended; they are in the log once their transaction has been committed. */
  appended?(events: readonly AppendedEvent[]): void;
  /** TypeORM reports the commit, on this runner. Nothing may be started or told from that alone. */
  reported?(runner: QueryRunner, events: readonly AppendedEvent[]): void;
  /** A read has shown the events in the log, or a claim has. */
  committed?(events: readonly AppendedEvent[]): void;
  /** The events were rolled back. */
  undone?(events: readonly AppendedEvent[]): void;
  /** Their commit was reported and no read shows them, or nobody ever reported what became of them. */
  unknown?(events: readonly AppendedEvent[]): void;
  /** Other processes committed events of these groups; undefined where it is not known of which. */
  elsewhere?(groups: ReadonlySet<string> | undefined): void;
  /** What others are told by the read that is about to show these events, if it shows any of them. */
  ride?(events: readonly AppendedEvent[]): Messages | undefined;
  /**
   * Milliseconds that `committed` may come late now; Infinity where it is of no use: nothing is read where it is of use to
   * nobody. Default: 0.
   */
  patience?(): number;
}

/** Milliseconds: the patience of who makes figures of it, which somebody looks at from time to time. */
export const FOR_FIGURES = 40;

export interface CommitHubParts {
  /** Those of the events that are in the log, as everybody sees it; the messages are sent if there are any. */
  inLog: (events: readonly AppendedEvent[], messages?: Messages) => Promise<ReadonlySet<AppendedEvent>>;
  /** Milliseconds after which an event that no read shows is given up. */
  expiry: number;
  /** Told what a listener threw. */
  failed: (error: unknown) => void;
  /** Default: counted by TypeORM's hooks. */
  depths?: Depths;
  now?: () => number;
}

interface OpenEvent {
  event: AppendedEvent;
  since: number;
}

/**
 * The one place that learns what became of appended events, and tells everybody who has to know.
 *
 * Invariants:
 * - `committed` is told after a read or a claim that showed the event, never from TypeORM's hook: that fires also where the server
 *   answered COMMIT with ROLLBACK, and after a raw ROLLBACK.
 * - Of each event one of `committed`, `undone` and `unknown` is told, also where no hook fires (a raw COMMIT, a lost
 *   connection); an event given up as `unknown` is told as `committed` when its commit is reported after all.
 * - `committed` and `unknown` are told outside of the context of whoever appended.
 */
export class CommitHub {
  /** To be pushed into the DataSource's subscribers. */
  readonly tracker: CommitTracker;
  private readonly listeners: CommitListener[] = [];
  /** Appended, and not told of since; by position, in the order of their appends. */
  private readonly open = new Map<number, OpenEvent>();
  /** Told as committed. */
  private readonly proven = new WeakSet<AppendedEvent>();
  private readonly toProve: AppendedEvent[] = [];
  private readonly proving = new Coalesced(
    () => this.proveReported(),
    () => Math.max(GAP, this.patience),
    GAP,
  );
  private readonly inOwnContext = AsyncLocalStorage.snapshot() as <T>(work: () => T) => T;
  private readonly now: () => number;

  constructor(private readonly parts: CommitHubParts) {
    this.now = parts.now ?? (() => performance.now());
    const listener: TransactionListener = {
      reported: (runner, events) => this.reported(runner, events),
      undone: (events) => this.conclude(events, 'undone'),
    };
    this.tracker = new CommitTracker(listener, parts.depths);
  }

  /** Tells the listener from now on, after those that were here before. */
  on(listener: CommitListener): void {
    this.listeners.push(listener);
  }

  /** Events were appended on this runner. */
  appended(runner: QueryRunner, events: readonly AppendedEvent[]): void {
    if (events.length === 0) return;
    this.conclude(this.replacedBy(events), 'unknown');
    this.follow(events);
    this.tell((listener) => listener.appended?.(events));
    this.tracker.appended(runner, events);
  }

  /** Asks what became of events whose transaction nobody has reported on for long. To be called from time to time. */
  async look(): Promise<void> {
    const before = this.now() - PATIENCE;
    const overdue: AppendedEvent[] = [];
    for (const { event, since } of this.open.values()) {
      if (since > before) break;
      overdue.push(event);
    }
    if (overdue.length > 0) await this.prove(overdue, 'open');
  }

  /** A claim has shown this event: what is told of its handlers is told after its commit. */
  shown({ position, key }: Pick<AppendedEvent, 'position' | 'key'>): void {
    const event = this.open.get(position)?.event;
    if (event?.key === key) this.commit([event]);
  }

  /** Another process says that it has committed events of these groups. */
  elsewhere(groups: ReadonlySet<string> | undefined): void {
    this.tell((listener) => listener.elsewhere?.(groups));
  }

  /** Resolves when what was reported is proven. */
  flush(): Promise<void> {
    return this.proving.flush();
  }

  private reported(runner: QueryRunner, events: readonly AppendedEvent[]): void {
    this.tell((listener) => listener.reported?.(runner, events));
    if (this.patience === Infinity) return this.forget(events);
    const toProve = events.filter((event) => !this.proven.has(event));
    this.follow(toProve);
    this.toProve.push(...toProve);
    this.inOwnContext(() => this.proving.request());
  }

  /** Of the least patient listener. */
  private get patience(): number {
    const waiting = this.listeners.filter(({ committed }) => committed);
    return Math.min(...waiting.map((listener) => listener.patience?.() ?? 0));
  }

  private async proveReported(): Promise<void> {
    await this.prove(this.toProve.splice(0), 'unknown');
    await this.look();
  }

  /** Never rejects: what cannot be asked now is asked by `look`. */
  private async prove(events: readonly AppendedEvent[], otherwise: 'unknown' | 'open'): Promise<void> {
    if (events.length === 0) return;
    const inLog = await this.parts.inLog(events, this.riding(events)).catch(() => undefined);
    if (!inLog) return;
    this.commit(events.filter((event) => inLog.has(event)));
    const missing = events.filter((event) => !inLog.has(event));
    this.conclude(
      otherwise === 'unknown' ? missing : missing.filter((event) => this.hasExpired(event)),
      'unknown',
    );
  }

  /** Of the first listener that has something to tell. */
  private riding(events: readonly AppendedEvent[]): Messages | undefined {
    let messages: Messages | undefined;
    this.tell((listener) => (messages ??= listener.ride?.(events)));
    return messages;
  }

  private hasExpired(event: AppendedEvent): boolean {
    return this.now() - (this.open.get(event.position)?.since ?? 0) >= this.parts.expiry;
  }

  private commit(events: readonly AppendedEvent[]): void {
    const shown = events.filter((event) => !this.proven.has(event));
    for (const event of shown) this.proven.add(event);
    this.conclude(shown, 'committed');
  }

  /** A position that comes anew belonged to what was rolled back without anybody's saying so. */
  private replacedBy(events: readonly AppendedEvent[]): readonly AppendedEvent[] {
    return events.flatMap(({ position }) => this.open.get(position)?.event ?? []);
  }

  private follow(events: readonly AppendedEvent[]): void {
    const since = this.now();
    for (const event of events)
      if (!this.open.has(event.position)) this.open.set(event.position, { event, since });
  }

  private forget(events: readonly AppendedEvent[]): void {
    for (const event of events)
      if (this.open.get(event.position)?.event === event) this.open.delete(event.position);
  }

  private conclude(events: readonly AppendedEvent[], outcome: 'committed' | 'undone' | 'unknown'): void {
    if (events.length === 0) return;
    this.forget(events);
    this.tell((listener) => listener[outcome]?.(events));
  }

  private tell(what: (listener: CommitListener) => void): void {
    for (const listener of this.listeners) harmless(() => what(listener), this.parts.failed);
  }
}
