import type { QueryRunner } from 'typeorm';

/** How far the scan of one source got. */
export interface RescanProgress {
  /** Key of the last row that was scanned, as the scanner encoded it; null before the first. */
  cursor: string | null;
  /** By the database's clock. */
  startedAt: Date;
  /** Null while the scan is unfinished. */
  finishedAt: Date | null;
}

/** Bulk writes asked for a re-scan of this entity. */
export interface RescanRequest {
  entity: string;
  /** When the last scan on request of this entity started, by the database's clock; undefined before the first. */
  lastStartedAt?: Date;
}

/** What the re-scan keeps in the database: one lease for the cluster, progress by source, durable requests. */
export interface RescanState {
  /** Takes the cluster's one re-scan lease for `milliseconds`; false while another owner's has not lapsed. */
  acquire(owner: string, milliseconds: number): Promise<boolean>;
  /** False when the lease was lost. */
  extend(owner: string, milliseconds: number): Promise<boolean>;
  release(owner: string): Promise<void>;
  /** `scan` names one source on one entity class. */
  progress(scan: string): Promise<RescanProgress | undefined>;
  begin(scan: string): Promise<void>;
  advance(scan: string, cursor: string): Promise<void>;
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
