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

/** Everything that was recorded of one run. */
export interface Evidence {
  plans: Readonly<Record<string, HandlerPlan>>;
  /** Milliseconds. */
  lease: number;
  /** Keys of events whose cause is committed: the ground truth. */
  causes: readonly { key: string; group: string }[];
  events: readonly { key: string; group: string; position: number; orderKey: string | null }[];
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
