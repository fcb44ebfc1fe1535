import type { QueryRunner } from 'typeorm';
import type { RecordedEvent } from '../core/event.js';
import type { Telemetry } from '../core/telemetry.js';
import type { Database } from '../store/db/database.js';
import type { FollowerEvents } from '../store/followers/follower-events.js';
import type { Tracking } from '../store/followers/tracking.js';
import type { StoredEvent } from '../store/ports/rows.js';
import type { AggregateSaver, CollectedRecorder } from './collector.js';

/** What a pass is made of. */
export interface PassParts {
  readonly database: Database;
  readonly tracking: Tracking;
  readonly events: FollowerEvents;
  readonly aggregates: AggregateSaver;
  readonly recorder: CollectedRecorder;
  readonly telemetry: Pick<Telemetry, 'enabled' | 'handle' | 'passed'>;
  /** The event as methods get it, with what it refers to as the transaction sees it. */
  readonly read: (event: StoredEvent, runner: QueryRunner) => Promise<RecordedEvent>;
  /** From now on statements of the runner fail with `reason`. */
  readonly seal: (runner: QueryRunner, reason: unknown) => void;
  /** From now on it is kept what made a statement of the runner fail; where that ended its transaction, no further one is sent. */
  readonly guard: (runner: QueryRunner) => void;
  /** What made a statement of the runner fail since this was last asked, also where the method went on as if it had not. */
  readonly failureOf: (runner: QueryRunner) => { readonly error: unknown } | undefined;
  /** Aborted when what runs has to be given up. */
  readonly signal: AbortSignal;
  /** Whether no further event is to be begun. */
  readonly isStopping: () => boolean;
}
