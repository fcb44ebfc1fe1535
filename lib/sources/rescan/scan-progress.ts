import { messageOf } from '../../core/thrown.js';
import { harmless } from '../../core/harmless.js';
import type { OwnLogger } from '../../runtime/logging.js';
import type { RescanProgressEvent, ScanReport } from './rescan-report.js';

const LOG_EVERY = 10_000;

/** Tells how far one scan is: to `onProgress` after each page, to the log at most every ten seconds. */
export class ScanProgress {
  private start = 0;
  private logged = 0;
  private total: number | undefined;

  constructor(
    private readonly report: ScanReport,
    /** Counts the rows that the scan has before it: only where somebody will be told, since it takes a while. */
    private readonly count: () => Promise<number>,
    private readonly logger: OwnLogger,
    private readonly onProgress: ((progress: RescanProgressEvent) => void) | undefined,
  ) {}

  /** Before the first page. */
  async begin(): Promise<void> {
    if (this.onProgress) await this.counted();
    this.start = this.logged = performance.now();
  }

  async page(): Promise<void> {
    const now = performance.now();
    this.report.duration = now - this.start;
    if (this.onProgress) this.tell(this.progress(await this.counted()), this.onProgress);
    if (now - this.logged < LOG_EVERY) return;
    this.logged = now;
    this.logger.log(describeProgress(this.progress(await this.counted())));
  }

  private tell(progress: RescanProgressEvent, onProgress: (progress: RescanProgressEvent) => void): void {
    harmless(
      () => onProgress(progress),
      (error) => this.logger.error(`A progress callback failed: ${messageOf(error)}`),
    );
  }

  private async counted(): Promise<number> {
    return (this.total ??= await this.count());
  }

  private progress(total: number): RescanProgressEvent {
    const { source, entity, rows, events, recorded, duration } = this.report;
    const rate = duration > 0 ? (rows * 1000) / duration : 0;
    const eta = rate === 0 ? undefined : Math.round((Math.max(0, total - rows) * 1000) / rate);
    return { source, entity, rows, total, events, recorded, rate, eta };
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
