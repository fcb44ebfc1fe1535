import type { HandlerPlan } from '../app/plan.js';

/** From and to in milliseconds of the machine's monotonic clock. */
export interface Interval {
  from: number;
  to: number;
}

/** One start of a plain handler, from the journal of its process. */
export interface Run extends Interval {
  process: string;
  handler: string;
  key: string;
  attempt: number;
  /** How the handler ended; undefined when it never did. `to` is then the end of its process. */
  outcome?: 'ok' | 'failed' | undefined;
  /** When and why the engine ended the run before the handler did, if it did. */
  aborted?: { at: number; reason: string } | undefined;
}

/** A process spoke of an event: its log's stream said that this was recorded, or a handler was given it. */
export interface Mention {
  process: string;
  key: string;
  position: number;
  handler?: string;
}

/** From the signal that stopped a process to the one that let it go on, or to its end. */
export interface Suspension extends Interval {
  /** When the process noted the start of a plain handler, where that is the first thing that it did afterwards. */
  began?: number | undefined;
}

/** One process of the application, from its start to its exit. */
export interface ProcessRecord extends Interval {
  name: string;
  role: 'produce' | 'work';
  /** How many sessions it may have. */
  sessionLimit: number;
  /** When it told that it had started. */
  readyAt?: number | undefined;
  /** What the conductor did to end it; undefined when it ended by itself. */
  asked?: { signal: 'SIGTERM' | 'SIGKILL'; at: number } | undefined;
  /** It had to be killed, since it did not end within the time that shutdown may take. */
  overdue?: boolean;
  code: number | null;
  /** Faults that it made itself, or had, one for each time. */
  made: readonly string[];
  /** When its event loop stood still, for whatever reason. */
  still: readonly Interval[];
  /** When the conductor suspended it; each is one of the standstills too. */
  suspensions: readonly Suspension[];
  /** When the engine said that its lease was lost. */
  leaseLosses: readonly number[];
  unhandled: readonly string[];
}

/** What the database says of one event and one handler in the end. */
export interface Outcome {
  handler: string;
  key: string;
  state: 'pending' | 'running' | 'succeeded' | 'dead' | 'cancelled';
  /** When its success was committed, by the machine's monotonic clock. */
  finishedAt?: number | undefined;
}

/** More sessions of one process than it may have, for as long as that was seen. */
export interface SessionExcess extends Interval {
  process: string;
  count: number;
}

/** An event of an aggregate, as it stands in the log. */
export interface StreamEvent {
  stream: string;
  version: number;
  key: string;
  position: number;
  mark: string;
  /** The digest that the aggregate had when the mark was added. */
  seen: number;
}

/** What a save of aggregates told, from the journal of its process. */
export interface ToldMark {
  process: string;
  mark: string;
  key?: string | undefined;
  position?: number | undefined;
}

/** What the database holds of aggregates. */
export interface StreamRows {
  events: readonly StreamEvent[];
  /** Rows that were committed with a mark. */
  strokes: readonly { mark: string; stream: string }[];
  snapshots: readonly { stream: string; version: number; digest: number }[];
}

/** An event under one or more topics. */
export interface TopicEvent {
  key: string;
  group: string;
  position: number;
  tags: readonly string[];
  /** Of a choice: the digest of the keys that it was made of. */
  seen?: number;
}

/** What the database holds of followers. */
export interface TraceRows {
  /** The last version of the first follower that there was, and the one that readers look at in the end. */
  version: number;
  active: number;
  /** Of the events that the first follower handles. */
  groups: readonly string[];
  /** Those of all followers, in the order in which they were inserted. */
  rows: readonly { follower: string; key: string }[];
  /** Events that the first follower collected, in log order, with the key of the event that each is of. */
  collected: readonly { key: string; of: string }[];
}

/** What a decision told, from the journal of its process. */
export interface ToldDecision {
  process: string;
  key: string;
}

/** Everything that was recorded of one run. */
export interface Evidence {
  plans: Readonly<Record<string, HandlerPlan>>;
  /** Milliseconds. */
  lease: number;
  /** Keys of events whose cause is committed: the ground truth. */
  causes: readonly { key: string; group: string }[];
  /** Those of streams too. */
  events: readonly { key: string; group: string; position: number; orderKey: string | null }[];
  streams: StreamRows;
  /** Marks whose save was told to have recorded them, and those whose save was told to have recorded nothing. */
  marked: readonly ToldMark[];
  refused: readonly ToldMark[];
  topics: readonly TopicEvent[];
  traces: TraceRows;
  /** Decisions that told to have recorded an event, and those that told to have recorded none. */
  decided: readonly ToldDecision[];
  undecided: readonly ToldDecision[];
  outcomes: readonly Outcome[];
  /** In the order in which they were inserted. */
  effects: readonly { handler: string; key: string }[];
  /** What each account was changed by in all. */
  balances: readonly number[];
  runs: readonly Run[];
  /** What the streams of processes said had been recorded. */
  told: readonly Mention[];
  /** Every start of a handler, of transactional ones too. */
  handed: readonly Mention[];
  processes: readonly ProcessRecord[];
  /** When the database was away, ended sessions, or did not answer the conductor within a third of the lease. */
  outages: readonly Interval[];
  sessionExcesses: readonly SessionExcess[];
  /** Sessions of processes that had all ended. */
  sessionsLeft: number;
  /** Errors and warnings about what the conductor itself could not do. */
  troubles: readonly string[];
}
