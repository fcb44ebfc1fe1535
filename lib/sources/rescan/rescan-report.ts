/** What the re-scan did, one row per source and class. */
export interface RescanReport {
  readonly scans: readonly ScanReport[];
  /** Sums over the scans. */
  readonly totals: RescanTotals;
  /** The signal stopped it, or a scan failed: the next run goes on where this one stopped. */
  readonly interrupted: boolean;
  readonly dryRun: boolean;
}

export interface RescanTotals {
  rows: number;
  events: number;
  recorded: number;
  failed: number;
  /** Milliseconds. */
  duration: number;
}

export interface ScanReport extends RescanTotals {
  /** Name of the source. */
  readonly source: string;
  /** Name of the entity class. */
  readonly entity: string;
  /** The rows that were passed through the source. */
  rows: number;
  /** The events that the source yielded, known ones included. */
  events: number;
  /** The new ones among them; in a dry run those that would be recorded. */
  recorded: number;
  /** Rows on which the source failed, events that could not be recorded, and the scan itself where it failed. */
  failed: number;
  /** The first ten failures. */
  readonly errors: ScanFailure[];
  /** It went on where an interrupted run had stopped. */
  readonly resumed: boolean;
  /** It did not reach the last row. */
  interrupted: boolean;
}

export interface ScanFailure {
  /** Primary key of the row; undefined where it was not one row that failed. */
  readonly id?: unknown;
  /** Key of the event that could not be recorded. */
  readonly key?: string;
  /** `busy`: another transaction held the event's key; the next re-scan tries again. */
  readonly reason: 'source' | 'record' | 'busy' | 'scan';
  readonly message: string;
}

/** Given to `onProgress` after each page. */
export interface RescanProgressEvent {
  readonly source: string;
  readonly entity: string;
  /** Rows of this scan so far. */
  readonly rows: number;
  /** Rows that this scan had before it when it began. */
  readonly total: number;
  readonly events: number;
  readonly recorded: number;
  /** Rows per second. */
  readonly rate: number;
  /** Milliseconds to the end of this scan at that rate; undefined before the first row. */
  readonly eta?: number;
}

const MAX_ERRORS = 10;

export function newScanReport(source: string, entity: string, resumed: boolean): ScanReport {
  const counts = { rows: 0, events: 0, recorded: 0, failed: 0, duration: 0 };
  return { source, entity, ...counts, errors: [], resumed, interrupted: false };
}

/** Counts the failure and keeps it when it is one of the first; whether it was. */
export function addFailure(report: ScanReport, failure: ScanFailure): boolean {
  report.failed++;
  if (report.errors.length >= MAX_ERRORS) return false;
  report.errors.push(failure);
  return true;
}

export function sumUp(scans: readonly ScanReport[], dryRun: boolean): RescanReport {
  const totals: RescanTotals = { rows: 0, events: 0, recorded: 0, failed: 0, duration: 0 };
  for (const scan of scans) {
    for (const name of Object.keys(totals) as (keyof RescanTotals)[]) totals[name] += scan[name];
  }
  return { scans, totals, interrupted: scans.some(({ interrupted }) => interrupted), dryRun };
}
