import type { OwnLogger } from '../../runtime/logging.js';
import type { EntityManager } from 'typeorm';
import type { Clock } from '../../core/clock.js';
import type { EventRecorder } from '../../store/log/event-recorder.js';
import type { ChangedReads } from '../changed-reads.js';
import type { RescanProgressEvent } from './rescan-report.js';
import type { ReadRows } from './row-pages.js';

/** Where a scan notes how far it is. */
export interface ProgressNotes {
  begin(scan: string): Promise<void>;
  /** From the cursor that was noted last; `to` undefined: the last row. Rejects with `RescanLeaseLostError` when another may be scanning. */
  reached(scan: string, from: string | null, to: string | undefined): Promise<void>;
}

/** What all scans of one run share. */
export interface RescanContext {
  manager: EntityManager;
  recorder: EventRecorder;
  read: ReadRows;
  clock: Clock;
  changedReads: ChangedReads;
  logger: OwnLogger;
  /** Rows per page where the source does not say. */
  batchSize: number;
  dryRun: boolean;
  /** Undefined in a dry run. */
  progress?: ProgressNotes;
  signal?: AbortSignal;
  onProgress?: (progress: RescanProgressEvent) => void;
}
