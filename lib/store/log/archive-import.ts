import { ConcurrencyError } from '../ports/errors.js';
import { groupsOfKnown } from '../ports/groups-of-known.js';
import { type Appended, type EventRow, recordedAt } from '../ports/rows.js';
import type { Sql } from '../ports/sql.js';
import type { Database } from '../db/database.js';
import type { HandlerRegistry } from '../registry/handler-registry.js';

/** How often others may record events of the same streams in the midst of an append. */
const ATTEMPTS = 3;

export type ImportedRow = Omit<EventRow, 'registryVersion' | 'handlers'>;

/** What became of a page. */
export interface ImportedPage {
  imported: number;
  known: number;
  /** Keys that are in the log under another group. */
  otherGroup: string[];
}

export interface ArchiveImportParts {
  database: Database;
  registry: HandlerRegistry;
}

/**
 * Records archived events, a page in a transaction. The version of the handlers is locked meanwhile: an event is matched, or left
 * alone, under the very handlers that there are, so that none which is registered in between takes it for one that was left out.
 */
export class ArchiveImport {
  /** An archive that was imported before has streams whose versions are there: then these are asked for first. */
  private asksFirst = false;

  constructor(
    private readonly parts: ArchiveImportParts,
    /** Whether handlers are given deliveries of what is recorded. */
    private readonly delivers: boolean,
  ) {}

  async page(rows: readonly ImportedRow[]): Promise<ImportedPage> {
    const { registry } = this.parts;
    let page: ImportedPage = { imported: 0, known: 0, otherGroup: [] };
    await registry.changing(async (sql, nextVersion) => {
      const targets = (group: string) => (this.delivers ? registry.targetsOf(group) : []);
      const made = rows.map((row) => ({
        ...row,
        registryVersion: nextVersion - 1,
        handlers: targets(row.group),
      }));
      page = await this.append(sql, made);
      return false;
    });
    return page;
  }

  private async append(sql: Sql, rows: readonly EventRow[]): Promise<ImportedPage> {
    const { dialect, tables, time } = this.context();
    for (let attempt = 1; ; attempt++) {
      const known = this.asksFirst
        ? await groupsOfKnown(
            sql,
            tables,
            rows.map(({ key }) => key),
          )
        : new Map<string, string>();
      const missing = firstOfEach(rows.filter(({ key }) => !known.has(key)));
      const appended = missing.length > 0 ? await dialect.log.append(sql, tables, missing, time) : [];
      const taken = appended.find((answer) => answer.kind === 'versionTaken');
      if (!taken) return pageOf(rows, missing, appended, known);
      this.asksFirst = true;
      if (attempt >= ATTEMPTS) throw new ConcurrencyError(taken.stream, taken.version - 1, taken.version);
    }
  }

  private context() {
    const { database } = this.parts;
    const { dialect, tables } = database;
    return { dialect, tables, time: database.time() };
  }
}

/** A key that stands in the file twice is imported once: an append takes no version twice. */
function firstOfEach(rows: readonly EventRow[]): EventRow[] {
  return [...new Map(rows.toReversed().map((row) => [row.key, row])).values()].reverse();
}

function pageOf(
  rows: readonly EventRow[],
  missing: readonly EventRow[],
  appended: readonly Appended[],
  before: ReadonlyMap<string, string>,
): ImportedPage {
  const known = new Map(before);
  let imported = 0;
  for (const [index, answer] of appended.entries()) {
    if (recordedAt(answer) !== undefined) imported++;
    else if (answer.kind === 'known' && answer.group !== undefined)
      known.set(missing[index]!.key, answer.group);
  }
  const otherGroup = rows.filter(({ key, group }) => (known.get(key) ?? group) !== group);
  return { imported, known: rows.length - imported, otherGroup: otherGroup.map(({ key }) => key) };
}
