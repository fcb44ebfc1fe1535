import { setImmediate as nextTurn } from 'node:timers/promises';
import type { EntityMetadata } from 'typeorm';
import type { RegisteredSource } from '../registered-source.js';
import { runSource } from '../run-source.js';
import type { RescanContext } from './rescan-context.js';
import { type Cursor, decodeCursor, encodeCursor } from './page-cursor.js';
import { PageRecorder } from './page-recorder.js';
import { addFailure, newScanReport, type ScanFailure, type ScanReport } from './rescan-report.js';
import { type Page, RowPages } from './row-pages.js';
import { ScanProgress } from './scan-progress.js';

/** Rows after which the event loop gets its turn, for sources that never wait. */
const ROWS_PER_TURN = 50;

/** The scan of one class through one source: the unit that is resumed and reported. */
export class SourceScan {
  readonly report: ScanReport;
  private readonly pages: RowPages;
  private readonly recorder: PageRecorder;
  private readonly resumeFrom: Cursor | undefined;

  constructor(
    private readonly source: RegisteredSource,
    private readonly metadata: EntityMetadata,
    private readonly context: RescanContext,
    cursor: string | undefined,
  ) {
    this.resumeFrom = cursor === undefined ? undefined : decodeCursor(cursor, metadata);
    this.report = newScanReport(source.name, metadata.name, this.resumeFrom !== undefined);
    const size = source.rescan?.batchSize ?? context.batchSize;
    this.pages = new RowPages(metadata, source.rescan ?? {}, size);
    this.recorder = new PageRecorder(context.recorder, this.report, context.dryRun, (failure) =>
      this.log(failure),
    );
  }

  /** Scans to the last row, or until the signal aborts; rejects only where no row can be blamed. */
  async run(): Promise<void> {
    if (this.context.signal?.aborted) return this.interrupt();
    const total = await this.pages.countAfter(this.resumeFrom);
    const progress = new ScanProgress(this.report, total, this.context.logger, this.context.onProgress);
    if (!this.resumeFrom) await this.context.progress?.begin(this.name);
    let cursor = this.resumeFrom;
    do {
      const page = await this.pages.after(cursor);
      await this.pass(page);
      cursor = page.end;
      await this.context.progress?.reached(this.name, cursor && encodeCursor(cursor));
      progress.page();
      if (cursor && this.context.signal?.aborted) return this.interrupt();
    } while (cursor);
  }

  /** Counts what stopped the scan itself. */
  fail(error: unknown): void {
    this.report.interrupted = true;
    const message = error instanceof Error ? error.message : String(error);
    const failure: ScanFailure = { reason: 'scan', message };
    if (addFailure(this.report, failure)) this.log(failure);
  }

  private get name(): string {
    return scanName(this.source, this.metadata);
  }

  private interrupt(): void {
    this.report.interrupted = true;
  }

  private async pass({ rows }: Page): Promise<void> {
    for (const row of rows) {
      if (++this.report.rows % ROWS_PER_TURN === 0) await nextTurn();
      for (const input of await this.eventsOf(row))
        await this.recorder.add({ input, source: this.source.name });
    }
    await this.recorder.finish();
  }

  private async eventsOf(row: object) {
    const { manager, clock } = this.context;
    try {
      return await runSource(this.source, this.metadata, row, {
        reason: 'rescan',
        now: clock.now(),
        manager,
      });
    } catch (error) {
      const id: unknown = this.metadata.getEntityIdMixedMap(row);
      const failure: ScanFailure = { reason: 'source', id, message: (error as Error).message };
      if (addFailure(this.report, failure)) this.log(failure);
      return [];
    }
  }

  private log({ key, message }: ScanFailure): void {
    const event = key === undefined ? '' : `, event "${key}"`;
    this.context.logger.error(`Re-scan of ${this.metadata.name} by ${this.source.name}${event}: ${message}`);
  }
}

/** Under which the progress of the scan is kept. */
export function scanName(source: RegisteredSource, metadata: EntityMetadata): string {
  return `${source.name} ${metadata.name}`;
}
