import { setImmediate as nextTurn } from 'node:timers/promises';
import type { EntityMetadata } from 'typeorm';
import type { EventInput } from '../../core/event.js';
import { uniqueName } from '../entity-classes.js';
import type { RegisteredSource } from '../registered-source.js';
import { runSource } from '../run-source.js';
import { sourceEmission } from '../source-emission.js';
import type { RescanContext } from './rescan-context.js';
import { type Cursor, decodeCursor, encodeCursor } from './page-cursor.js';
import { PageRecorder } from './page-recorder.js';
import { addFailure, newScanReport, type ScanFailure, type ScanReport } from './rescan-report.js';
import { type Page, RowPages } from './row-pages.js';
import { ScanProgress } from './scan-progress.js';

/** Milliseconds after which the event loop gets its turn, for sources that never wait. */
const TURN = 2;

/** Rows after which the time is looked at. */
const ROWS_PER_LOOK = 10;

/** Milliseconds between two notes of how far the scan is. */
const NOTE_EVERY = 500;

/** The scan of one class through one source: the unit that is resumed and reported. */
export class SourceScan {
  readonly report: ScanReport;
  private readonly pages: RowPages;
  private readonly recorder: PageRecorder;
  private readonly resumeFrom: Cursor | undefined;
  private readonly watched: ReturnType<RescanContext['changedReads']['scanning']>;
  private noted: string | null;
  private notedAt = performance.now();

  constructor(
    private readonly source: RegisteredSource,
    private readonly metadata: EntityMetadata,
    private readonly context: RescanContext,
    cursor: string | undefined,
  ) {
    this.watched = context.changedReads.scanning(source);
    this.noted = cursor ?? null;
    this.resumeFrom = cursor === undefined ? undefined : decodeCursor(cursor, metadata);
    this.report = newScanReport(source.name, uniqueName(metadata), this.resumeFrom !== undefined);
    const size = source.rescan?.batchSize ?? context.batchSize;
    this.pages = new RowPages(metadata, source.rescan ?? {}, size, context.clock.now(), context.read);
    this.recorder = new PageRecorder(context.recorder, this.report, context.dryRun, (failure) =>
      this.log(failure),
    );
  }

  /** Scans to the last row, or until the signal aborts; rejects only where no row can be blamed. */
  async run(): Promise<void> {
    if (this.context.signal?.aborted) return this.interrupt();
    const progress = this.newProgress();
    await progress.begin();
    if (!this.resumeFrom) await this.context.progress?.begin(this.name);
    let next: Promise<Page> | undefined = this.pages.after(this.resumeFrom);
    while (next && !this.report.interrupted) {
      const page: Page = await next;
      // The next page is read while this one is passed through the source.
      next = page.end && awaitedLater(this.pages.after(page.end));
      await this.pass(page);
      await progress.page();
      if (page.end && this.isAborted) this.interrupt();
      await this.note(page.end);
    }
    await next?.catch(() => undefined);
  }

  private newProgress(): ScanProgress {
    const { logger, onProgress } = this.context;
    return new ScanProgress(this.report, () => this.pages.countAfter(this.resumeFrom), logger, onProgress);
  }

  private get isAborted(): boolean {
    return this.context.signal?.aborted ?? false;
  }

  /** Every so often, since a crash only makes the next run pass a few pages again; and always where it stops. */
  private async note(end: Cursor | undefined): Promise<void> {
    const now = performance.now();
    if (end && !this.report.interrupted && now - this.notedAt < NOTE_EVERY) return;
    this.notedAt = now;
    const reached = end && encodeCursor(end);
    await this.context.progress?.reached(this.name, this.noted, reached);
    this.noted = reached ?? null;
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
    let turn = performance.now();
    for (const row of rows) {
      if (++this.report.rows % ROWS_PER_LOOK === 0 && performance.now() - turn > TURN) {
        await nextTurn();
        turn = performance.now();
      }
      const events = this.eventsOf(row);
      for (const input of events instanceof Promise ? await events : events) {
        const emission = sourceEmission(this.source, this.metadata, row, input);
        if (this.recorder.add(emission)) await this.recorder.flush();
      }
    }
    await this.recorder.finish();
  }

  /** At once where the source does not wait; none of a row on which it fails. */
  private eventsOf(row: object): EventInput[] | Promise<EventInput[]> {
    const { manager, clock } = this.context;
    try {
      const context = this.watched({ reason: 'rescan', now: clock.now(), manager });
      const events = runSource(this.source, this.metadata, row, context);
      return events instanceof Promise ? this.inTime(events, row) : events;
    } catch (error) {
      return this.failOn(row, error);
    }
  }

  private inTime(events: Promise<EventInput[]>, row: object): Promise<EventInput[]> {
    return events.catch((error: unknown) => this.failOn(row, error));
  }

  private failOn(row: object, error: unknown): [] {
    const id: unknown = this.metadata.getEntityIdMixedMap(row);
    const failure: ScanFailure = { reason: 'source', id, message: (error as Error).message };
    if (addFailure(this.report, failure)) this.log(failure);
    return [];
  }

  private log({ key, message }: ScanFailure): void {
    const event = key === undefined ? '' : `, event "${key}"`;
    this.context.logger.error(`Re-scan of ${this.report.entity} by ${this.source.name}${event}: ${message}`);
  }
}

/** What fails before it is awaited shows where it is. */
function awaitedLater<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  return promise;
}

/** Under which the progress of the scan is kept. */
export function scanName(source: RegisteredSource, metadata: EntityMetadata): string {
  return `${source.name} ${uniqueName(metadata)}`;
}
