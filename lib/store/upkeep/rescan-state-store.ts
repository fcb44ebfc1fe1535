import type { QueryRunner } from 'typeorm';
import type { Database } from '../db/database.js';
import { Lease } from '../db/lease.js';
import type { HeldLease } from '../ports/held-lease.js';
import type { RescanProgress, RescanRequest, RescanState } from '../ports/rescan-state.js';
import { chunks, marks, type Row } from '../ports/sql.js';

const requested = (entity: string) => `request:${entity}`;

/** Milliseconds. */
const LEASE = 30_000;

export class RescanStateStore implements RescanState {
  private readonly lease: Lease;

  constructor(private readonly database: Database) {
    this.lease = new Lease(database, 'rescan', LEASE);
  }

  hold<T>(work: (held: HeldLease) => Promise<T>, otherwise: () => T): Promise<T> {
    return this.lease.hold(work, otherwise);
  }

  async progress(scan: string): Promise<RescanProgress | undefined> {
    const { tables, dialect } = this.database;
    const statement = `SELECT last_key, ${dialect.syntax.now} - started_at AS started_ago, finished_at FROM ${tables.rescan} WHERE scan = ?`;
    const row = await this.database.run((sql) => sql.row(statement, [scan]));
    if (!row) return undefined;
    return {
      cursor: row.last_key as string | null,
      startedAgo: Number(row.started_ago),
      isFinished: row.finished_at !== null,
    };
  }

  async begin(scan: string): Promise<void> {
    const { tables, dialect } = this.database;
    await this.database.transaction(async (sql) => {
      await sql.change(dialect.syntax.insertNew(tables.rescan, ['scan', 'started_at']), [scan, 0]);
      await sql.change(
        `UPDATE ${tables.rescan} SET last_key = NULL, started_at = ${dialect.syntax.now}, finished_at = NULL WHERE scan = ?`,
        [scan],
      );
    });
  }

  async advance(scan: string, from: string | null, to: string): Promise<boolean> {
    const noted = from === null ? 'IS NULL' : '= ?';
    const moved = await this.change(
      `UPDATE ${this.database.tables.rescan} SET last_key = ? WHERE scan = ? AND last_key ${noted}`,
      [to, scan, ...(from === null ? [] : [from])],
    );
    return moved > 0;
  }

  async finish(scan: string): Promise<void> {
    const { tables, dialect } = this.database;
    await this.change(`UPDATE ${tables.rescan} SET finished_at = ${dialect.syntax.now} WHERE scan = ?`, [
      scan,
    ]);
  }

  /** A row of its own for each request: an update of one row would make concurrent transactions wait for each other. */
  async request(entity: string, runner: QueryRunner): Promise<void> {
    const { tables, dialect } = this.database;
    const statement = `INSERT INTO ${tables.rescanRequest} (entity, requested_at) VALUES (?, ${dialect.syntax.now})`;
    await this.database.on(runner).change(statement, [entity]);
  }

  async requests(): Promise<RescanRequest[]> {
    const { tables } = this.database;
    const rows = await this.database.run((sql) =>
      sql.rows(`SELECT DISTINCT entity FROM ${tables.rescanRequest} ORDER BY entity`),
    );
    return Promise.all(rows.map((row) => this.withLastStart(row)));
  }

  async beginRequested(entity: string): Promise<void> {
    await this.begin(requested(entity));
  }

  async requestIds(entity: string): Promise<number[]> {
    const statement = `SELECT id FROM ${this.database.tables.rescanRequest} WHERE entity = ?`;
    return (await this.database.run((sql) => sql.rows(statement, [entity]))).map((row) => Number(row.id));
  }

  async clearRequests(ids: readonly number[]): Promise<void> {
    for (const batch of chunks(ids, 1000)) {
      await this.change(
        `DELETE FROM ${this.database.tables.rescanRequest} WHERE id IN (${marks(batch.length)})`,
        batch,
      );
    }
  }

  private async withLastStart(row: Row): Promise<RescanRequest> {
    const entity = row.entity as string;
    const last = await this.progress(requested(entity));
    return { entity, ...(last ? { lastStartedAgo: last.startedAgo } : {}) };
  }

  private change(statement: string, parameters: unknown[]): Promise<number> {
    return this.database.run((sql) => sql.change(statement, parameters));
  }
}
