import { AsyncLocalStorage } from 'node:async_hooks';
import { type Observable, Subject } from 'rxjs';
import { describe } from '../../core/describe.js';
import { InvalidOptionError } from '../../core/errors.js';
import type { RecordedEvent } from '../../core/event.js';
import { compilePattern, type GroupPattern } from '../../core/group-pattern.js';
import { assertKnownOptions, assertNoneUndefined } from '../../core/options/known-options.js';
import type { HandlingOutcome } from '../../core/telemetry.js';
import { guardedObservable } from './guarded-observable.js';

/** An event was recorded by this process, and its transaction has committed. */
export interface RecordedItem<T = unknown> {
  readonly type: 'recorded';
  /** With the data that was given to be recorded: look at it, do not change it. */
  readonly event: RecordedEvent<T>;
}

/** A handler of this process was started for an event, and what came of it is marked in the database. */
export interface HandledItem<T = unknown> {
  readonly type: 'handled';
  /** As the handler was given it; its data is undefined where it came to no handler. */
  readonly event: RecordedEvent<T>;
  /** The handler's name. */
  readonly handler: string;
  /** `'retry'`: it failed and is tried again; `'dead'`: it failed for good. */
  readonly outcome: HandlingOutcome;
  /** Which start of the handler for this event it was, 1-based. */
  readonly attempt: number;
  /** Why it failed; absent where nothing went wrong. */
  readonly error?: unknown;
}

export type StreamItem<T = unknown> = RecordedItem<T> | HandledItem<T>;

export interface StreamOptions {
  /** Events of these groups only: patterns as handlers have them, any of which may match. Default: all. */
  groups?: GroupPattern | readonly GroupPattern[];
}

const WHERE = 'EventLog.stream';

/** What this process records and handles, for those who watch; nothing is made where nobody does. */
export class EventStream {
  private readonly items = new Subject<StreamItem>();
  /** A subscriber is called outside of whatever request recorded the event. */
  private readonly inOwnContext = AsyncLocalStorage.snapshot() as <T>(work: () => T) => T;

  /** `failed` is told what subscribers threw. */
  constructor(private readonly failed: (error: unknown) => void) {}

  /** Whether anybody watches; nothing is to be told otherwise. */
  get isWatched(): boolean {
    return this.items.observed;
  }

  tell(item: StreamItem): void {
    this.inOwnContext(() => this.items.next(item));
  }

  observe<T>(options: StreamOptions): Observable<StreamItem<T>> {
    const matches = matcherOf(options);
    return guardedObservable<StreamItem<T>>(this.failed, (subscriber) => {
      const subscription = this.items.subscribe({
        next: (item) => matches(item.event.group) && subscriber.next(item as StreamItem<T>),
        complete: () => subscriber.complete(),
      });
      return () => subscription.unsubscribe();
    });
  }

  /** No more will come. */
  end(): void {
    this.inOwnContext(() => this.items.complete());
  }
}

function matcherOf(options: StreamOptions): (group: string) => boolean {
  assertKnownOptions(options, ['groups'], WHERE);
  assertNoneUndefined(options, WHERE);
  const { groups } = options;
  if (groups === undefined) return () => true;
  const patterns = (Array.isArray(groups) ? (groups as readonly unknown[]) : [groups]).map(checkedPattern);
  return (group) => patterns.some((pattern) => pattern.test(group));
}

function checkedPattern(pattern: unknown): RegExp {
  if (pattern instanceof RegExp || typeof pattern === 'string') return compilePattern(pattern);
  throw new InvalidOptionError('groups', 'strings or RegExps', describe(pattern), WHERE);
}
