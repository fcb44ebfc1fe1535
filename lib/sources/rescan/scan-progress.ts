import type { LoggerService } from '@nestjs/common';
import type { RescanProgressEvent, ScanReport } from './rescan-report.js';

const LOG_EVERY = 10_000;

/** Tells how far one scan is: to `onProgress` after each page, to the log at most every ten seconds. */
export class ScanProgress {
  private readonly start = performance.now();
  private logged = this.start;

  constructor(
    private readonly report: ScanReport,
    /** Rows that the scan will see, as counted when it began. */
    private readonly total: number,
    private readonly logger: LoggerService,
    private readonly onProgress: ((progress: RescanProgressEvent) => void) | undefined,
  ) {}

  page(): void {
    const now = performance.now();
    this.report.duration = now - this.start;
    const progress = this.progress();
    this.onProgress?.(progress);
    if (now - this.logged < LOG_EVERY) return;
    this.logged = now;
    this.logger.log(describeProgress(progress));
  }

  private progress(): RescanProgressEvent {
    const { source, entity, rows, events, recorded, duration } = this.report;
    const rate = duration > 0 ? (rows * 1000) / duration : 0;
    const eta = rate === 0 ? undefined : Math.round((Math.max(0, this.total - rows) * 1000) / rate);
    return { source, entity, rows, total: this.total, events, recorded, rate, eta };
  }
}

export function describeProgress({
  source,
  entity,
  rows,
  total,
  recorded,
  rate,
  eta,
}: RescanProgressEvent): string {
  const left = eta === undefined ? '' : `, ${Math.ceil(eta / 1000)} s left`;
  return `Re-scan of ${entity} by ${source}: ${rows} of ${total} rows, ${recorded} new events, ${Math.round(rate)} rows/s${left}`;
}
