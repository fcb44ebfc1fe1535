import type { QueryRunner } from 'typeorm';
import type { HeldLease } from './held-lease.js';

/** How far the scan of one source got. */
export interface RescanProgress {
  /** Key of the last row that was scanned, as the scanner encoded it; null before the first. */
  cursor: string | null;
  /** Milliseconds since it started, by the database's clock. */
  startedAgo: number;
  isFinished: boolean;
}

/** Bulk writes asked for a re-scan of this entity. */
export interface RescanRequest {
  entity: string;
  /** Milliseconds since the last scan on request of this entity started, by the database's clock; undefined before the first. */
  lastStartedAgo?: number;
}

/** What the re-scan keeps in the database: one lease for the cluster, progress by source, durable requests. */
export interface RescanState {
  /** Does `work` under the cluster's one re-scan lease, or `otherwise` where another call has it. */
  hold<T>(work: (held: HeldLease) => Promise<T>, otherwise: () => T): Promise<T>;
  /** `scan` names one source on one entity class. */
  progress(scan: string): Promise<RescanProgress | undefined>;
  begin(scan: string): Promise<void>;
  /** Moves on from the cursor that was noted last, null before the first. False where another re-scan has moved it. */
  advance(scan: string, from: string | null, to: string): Promise<boolean>;
  finish(scan: string): Promise<void>;
  /** In the transaction of `runner` when one is active; takes no lock that another transaction could wait for. */
  request(entity: string, runner: QueryRunner): Promise<void>;
  requests(): Promise<RescanRequest[]>;
  /** Notes that a scan on request starts now. */
  beginRequested(entity: string): Promise<void>;
  /** The requests that a scan which starts now answers; one that commits later, whatever its id, is not among them. */
  requestIds(entity: string): Promise<number[]>;
  clearRequests(ids: readonly number[]): Promise<void>;
}
