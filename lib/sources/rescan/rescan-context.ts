import type { LoggerService } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Clock } from '../../core/clock.js';
import type { EventRecorder } from '../../store/log/event-recorder.js';
import type { RescanProgressEvent } from './rescan-report.js';

/** Where a scan notes how far it is. */
export interface ProgressNotes {
  begin(scan: string): Promise<void>;
  /** `cursor` undefined: the last row. Rejects with `RescanLeaseLostError` when another may be scanning. */
  reached(scan: string, cursor: string | undefined): Promise<void>;
}

/** What all scans of one run share. */
export interface RescanContext {
  manager: EntityManager;
  recorder: EventRecorder;
  clock: Clock;
  logger: LoggerService;
  /** Rows per page where the source does not say. */
  batchSize: number;
  dryRun: boolean;
  /** Undefined in a dry run. */
  progress?: ProgressNotes;
  signal?: AbortSignal;
  onProgress?: (progress: RescanProgressEvent) => void;
}
