import { describe } from '../../core/describe.js';
import { InvalidOptionError } from '../../core/errors.js';
import { harmless } from '../../core/harmless.js';
import { assertKnownOptions, assertNoneUndefined } from '../../core/options/known-options.js';
import type { RecordedEvent } from '../../core/event.js';
import type { Database } from '../db/database.js';
import type { Horizon } from '../db/horizon.js';
import type { HandlerRegistry } from '../registry/handler-registry.js';
import { ArchiveImport, type ImportedRow } from './archive-import.js';
import { type ArchivedEvent, endLine, eventLine, headLine, parsedLine } from './archive-lines.js';
import { archivePages } from './archive-pages.js';
import type { EventReader } from './event-reader.js';
import { linesOf } from './lines-of.js';

/** Events, and characters, that one transaction of an import records at most. */
const ROWS = 1000;
const CHARACTERS = 2 * 1024 * 1024;
/** Keys that a report names. */
const NAMED = 20;

export interface ExportOptions {
  /** Events behind this position. Default 0: from the start. */
  after?: number;
  /** Events up to this position. Default: up to where the log is decided when the export begins. */
  until?: number;
  /** Events of these groups only. */
  groups?: readonly string[];
  /** Turns an event, decoded and upcast, into its line, to be read and not to be imported. Default: lines of events as stored. */
  decoded?: (event: RecordedEvent, tags: readonly string[]) => string;
  /** Ends it after the page under way, without its last line. */
  signal?: AbortSignal;
  /** Called after each page. */
  onProgress?: (progress: ExportProgress) => void;
}

export interface ExportProgress {
  /** Events so far. */
  readonly events: number;
  /** Position of the last one: give it as `after` to go on. */
  readonly position: number;
  /** The position at which the export ends. */
  readonly until: number;
}

export interface ImportOptions {
  /** Gives the handlers that there are deliveries of what is recorded. Default false: no handler ever sees it. */
  deliver?: boolean;
  /** Leaves out events up to this position of the log they come from. Default 0. */
  after?: number;
  /** Ends it after the transaction under way; what was imported stays. */
  signal?: AbortSignal;
  /** Called after each transaction, of up to 1,000 events. */
  onProgress?: (report: ImportReport) => void;
}

export interface ImportReport {
  /** Events that were read. */
  events: number;
  /** Those that are in the log now and were not before. */
  imported: number;
  /** Those whose keys were there already. */
  known: number;
  /** Of those, the keys that are there under another group: the first twenty. Such events were not imported. */
  otherGroup: string[];
  /** Position, in the log they come from, of the last event that was dealt with. */
  position: number;
  /** The last line of an archive was read: false where the export was interrupted, or this import. */
  complete: boolean;
}

export interface EventArchiveParts {
  database: Database;
  horizon: Pick<Horizon, 'advance'>;
  registry: HandlerRegistry;
  reader: Pick<EventReader, 'recorded'>;
  /** Something may be due. */
  wake: () => void;
  /** Told of what a progress callback threw. */
  failed: (error: unknown) => void;
}

/** The log as lines of JSON, out and in: to keep it, to move it into another database. Memory does not grow with the log. */
export class EventArchive {
  constructor(private readonly parts: EventArchiveParts) {}

  /**
   * The events as stored, in log order, a line of JSON for each: in pieces of many whole lines. The first line names the format,
   * and the last says that nothing is missing. Throws `InvalidOptionError` or `UnknownOptionError`.
   */
  export(options: ExportOptions = {}): AsyncGenerator<string, void, undefined> {
    const where = 'EventArchive.export';
    assertKnownOptions(options, ['after', 'until', 'groups', 'decoded', 'signal', 'onProgress'], where);
    const { signal: _, onProgress: __, decoded: ___, ...range } = options;
    assertNoneUndefined(range, where);
    position('after', options.after, where);
    position('until', options.until, where);
    return this.pieces(options);
  }

  /**
   * Records archived events that are not in the log yet: with their keys, streams, versions, tags, times, metadata and stored
   * payloads, at new positions in the order of the lines. A page in a transaction, so that it can be broken off at any time and begun
   * again. Throws `InvalidArchiveError` for a line that is not of an archive, and what the database says.
   */
  async import(
    pieces: AsyncIterable<string | Uint8Array> | Iterable<string | Uint8Array>,
    options: ImportOptions = {},
  ): Promise<ImportReport> {
    const where = 'EventArchive.import';
    assertKnownOptions(options, ['deliver', 'after', 'signal', 'onProgress'], where);
    position('after', options.after, where);
    const { deliver = false, signal, onProgress } = options;
    const target = new ArchiveImport(this.parts, deliver);
    const report: ImportReport = {
      ...{ events: 0, imported: 0, known: 0, otherGroup: [], position: 0, complete: false },
    };
    // The next page is read while one is recorded.
    let recording: Promise<void> = Promise.resolve();
    const record = async (rows: readonly ImportedRow[], reached: number) => {
      if (rows.length === 0) return;
      const { imported, known, otherGroup } = await target.page(rows);
      report.events += rows.length;
      report.imported += imported;
      report.known += known;
      report.otherGroup.push(...otherGroup.slice(0, NAMED - report.otherGroup.length));
      report.position = reached;
      if (deliver && imported > 0) this.parts.wake();
      if (onProgress) harmless(() => onProgress({ ...report }), this.parts.failed);
    };
    let isWhole = false;
    try {
      for await (const { rows, reached, ends } of pagesOf(pieces, options)) {
        await recording;
        if (signal?.aborted) return report;
        isWhole = ends;
        recording = record(rows, reached);
        recording.catch(() => undefined);
      }
    } finally {
      await recording;
    }
    report.complete = isWhole;
    return report;
  }

  private async *pieces(options: ExportOptions): AsyncGenerator<string, void, undefined> {
    const { after = 0, groups, decoded, signal, onProgress } = options;
    const { database, horizon } = this.parts;
    const until = Math.min(options.until ?? Infinity, await horizon.advance());
    yield `${headLine(decoded !== undefined)}\n`;
    let events = 0;
    const isNone = groups?.length === 0;
    for await (const page of isNone ? [] : archivePages(database, { after, upTo: until, groups })) {
      if (signal?.aborted) return;
      yield await this.piece(page, decoded);
      events += page.length;
      const reached = page.at(-1)!.position;
      if (onProgress) harmless(() => onProgress({ events, position: reached, until }), this.parts.failed);
    }
    if (!signal?.aborted) yield `${endLine(events)}\n`;
  }

  private async piece(page: readonly ArchivedEvent[], decoded: ExportOptions['decoded']): Promise<string> {
    if (!decoded) return page.map((event) => `${eventLine(event)}\n`).join('');
    const lines: string[] = [];
    for (const event of page) lines.push(decoded(await this.parts.reader.recorded(event), event.tags));
    return lines.map((line) => `${line}\n`).join('');
  }
}

interface Page {
  rows: ImportedRow[];
  /** Position of the last of them. */
  reached: number;
  /** The last line that was read was that of a whole archive. */
  ends: boolean;
}

/** The events of an archive in pages for one transaction each; of several archives behind each other, too. */
async function* pagesOf(
  pieces: AsyncIterable<string | Uint8Array> | Iterable<string | Uint8Array>,
  { after = 0, signal }: Pick<ImportOptions, 'after' | 'signal'>,
): AsyncGenerator<Page, void, undefined> {
  let page: Page = { rows: [], reached: 0, ends: false };
  let characters = 0;
  let isBegun = false;
  for await (const { text, number } of linesOf(pieces)) {
    // Where the text was broken off as well, its last line is none.
    if (signal?.aborted) break;
    const line = parsedLine(text, number, isBegun);
    isBegun = true;
    page.ends = line.kind === 'end';
    if (line.kind !== 'event') continue;
    if (line.position <= after) continue;
    page.rows.push(line.row);
    page.reached = line.position;
    characters += text.length;
    if (page.rows.length < ROWS && characters < CHARACTERS) continue;
    yield page;
    page = { rows: [], reached: page.reached, ends: false };
    characters = 0;
  }
  yield page;
}

function position(name: string, value: number | undefined, where: string): void {
  if (value === undefined || (Number.isSafeInteger(value) && value >= 0)) return;
  throw new InvalidOptionError(name, 'a position', describe(value), where);
}
