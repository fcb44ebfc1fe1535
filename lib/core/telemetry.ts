/** An event as those who watch see it: no payload. */
export interface WatchedEvent {
  readonly group: string;
  readonly key: string;
}

/** Headers that name the span in which an event was recorded, such as `traceparent`; kept in its metadata. */
export type TraceHeaders = Readonly<Record<string, string>>;

/** One start of a handler. */
export interface WatchedStart extends WatchedEvent {
  readonly handler: string;
  readonly position: number;
  /** As the handler is told: 1 for the first. */
  readonly attempt: number;
  /** The event's metadata as stored: JSON. */
  readonly metadata: string;
}

/** What became of one start of a handler. */
export type HandlingOutcome =
  'succeeded' | 'retry' | 'dead' | 'snoozed' | 'cancelled' | 'released' | 'abandoned';

export interface HandlingResult {
  readonly outcome: HandlingOutcome;
  /** Why the start failed; absent where nothing went wrong. */
  readonly error?: unknown;
}

/** What a scan of one entity by one source has come to. */
export interface ScanFigures {
  readonly rows: number;
  readonly events: number;
  readonly recorded: number;
  readonly failed: number;
  readonly interrupted: boolean;
}

/** What waits for one handler. */
export interface HandlerBacklog {
  readonly handler: string;
  /** Due deliveries that nobody has claimed; counted up to a limit. */
  readonly due: number;
  /** Milliseconds for which the oldest of them has been due; 0 when there is none. */
  readonly lag: number;
}

/** What one handler has under way in this process. */
export interface HandlerClaims {
  readonly handler: string;
  /** Started and not ended. */
  readonly running: number;
  /** Claimed, and waiting for a slot. */
  readonly claimed: number;
}

/** How far one follower is behind, whatever process has it. */
export interface FollowerLag {
  readonly follower: string;
  /** Positions up to the end of the log. */
  readonly positions: number;
  /** Seconds for which the first event that it has not passed has been in the log; 0 where there is none. */
  readonly seconds: number;
  /** Events that are kept back. */
  readonly parked: number;
}

/** What is done about an event at which a follower failed. */
export type FollowerSetback = 'retry' | 'stop' | 'skip' | 'park';

/**
 * PORT. Told of what the engine does, for traces and metrics. Who calls it looks at `enabled` first and makes no
 * arguments where that is false, so that nothing is paid for where nobody watches.
 */
export interface Telemetry {
  readonly enabled: boolean;
  /** Runs what a process does for itself, over and over: those who trace statements are to leave it out. */
  unseen<T>(work: () => T): T;
  /** Around the recording of events; `work` gets what is to be kept in their metadata. */
  append<T>(events: readonly WatchedEvent[], work: (headers: TraceHeaders) => Promise<T>): Promise<T>;
  /** An event was committed. */
  recorded(group: string): void;
  /** Deliveries were claimed; `since` in epoch milliseconds. */
  claimed(events: readonly WatchedEvent[], since: number): void;
  /** Around one start of a handler; `resultOf` says what became of it. */
  handle<T>(start: WatchedStart, work: () => Promise<T>, resultOf: (value: T) => HandlingResult): Promise<T>;
  /** A start's result was marked in the database. */
  settled(handler: string, group: string, outcome: HandlingOutcome): void;
  /** A follower's transaction was committed, in which it handled so many events. */
  passed(follower: string, events: number): void;
  /** A follower failed at an event of the group. */
  setBack(follower: string, group: string, then: FollowerSetback): void;
  /** Around the scan of one entity by one source. */
  scan<T>(source: string, entity: string, work: () => Promise<T>, figures: () => ScanFigures): Promise<T>;
  /** From now on until `close`, `read` is called when somebody collects metrics. */
  watchBacklog(read: () => Promise<readonly HandlerBacklog[]>): void;
  /** From now on until `close`, `read` is called when somebody collects metrics: it says what this process has under way. */
  watchClaims(read: () => readonly HandlerClaims[]): void;
  /** From now on until `close`, `read` is called when somebody collects metrics. */
  watchFollowers(read: () => Promise<readonly FollowerLag[]>): void;
  close(): void;
}

/** Where nobody watches. */
export const NO_TELEMETRY: Telemetry = {
  enabled: false,
  unseen: (work) => work(),
  append: (_, work) => work({}),
  recorded: () => undefined,
  claimed: () => undefined,
  handle: (_, work) => work(),
  settled: () => undefined,
  passed: () => undefined,
  setBack: () => undefined,
  scan: (_source, _entity, work) => work(),
  watchBacklog: () => undefined,
  watchClaims: () => undefined,
  watchFollowers: () => undefined,
  close: () => undefined,
};
