import type { QueryRunner } from 'typeorm';
import type { Database } from '../db/database.js';
import { Lease } from '../db/lease.js';
import type { RescanProgress, RescanRequest, RescanState } from '../ports/rescan-state.js';
import { chunks, marks, optionalNumber, type Row } from '../ports/sql.js';

const requested = (entity: string) => `request:${entity}`;

export class RescanStateStore implements RescanState {
  private readonly lease: Lease;

  constructor(private readonly database: Database) {
    this.lease = new Lease(database, 'rescan');
  }

  acquire(owner: string, milliseconds: number): Promise<boolean> {
    return this.lease.acquire(owner, milliseconds);
  }

  extend(owner: string, milliseconds: number): Promise<boolean> {
    return this.lease.extend(owner, milliseconds);
  }

  release(owner: string): Promise<void> {
    return this.lease.release(owner);
  }

  async progress(scan: string): Promise<RescanProgress | undefined> {
    const row = await this.row(`SELECT * FROM ${this.database.tables.rescan} WHERE scan = ?`, [scan]);
    if (!row) return undefined;
    const finishedAt = optionalNumber(row.finished_at);
    return {
      cursor: row.last_key as string | null,
      startedAt: new Date(Number(row.started_at)),
      finishedAt: finishedAt === undefined ? null : new Date(finishedAt),
    };
  }

  async begin(scan: string): Promise<void> {
    const { tables, dialect } = this.database;
    await this.database.transaction(async (sql) => {
      await sql.change(dialect.insertNew(tables.rescan, ['scan', 'started_at']), [scan, 0]);
      await sql.change(
        `UPDATE ${tables.rescan} SET last_key = NULL, started_at = ${dialect.now}, finished_at = NULL WHERE scan = ?`,
        [scan],
      );
    });
  }

  async advance(scan: string, cursor: string): Promise<void> {
    await this.change(`UPDATE ${this.database.tables.rescan} SET last_key = ? WHERE scan = ?`, [
      cursor,
      scan,
    ]);
  }

  async finish(scan: string): Promise<void> {
    const { tables, dialect } = this.database;
    await this.change(`UPDATE ${tables.rescan} SET finished_at = ${dialect.now} WHERE scan = ?`, [scan]);
  }

  /** A row of its own for each request: an update of one row would make concurrent transactions wait for each other. */
  async request(entity: string, runner: QueryRunner): Promise<void> {
    const { tables, dialect } = this.database;
    const statement = `INSERT INTO ${tables.rescanRequest} (entity, requested_at) VALUES (?, ${dialect.now})`;
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
    return { entity, ...(last ? { lastStartedAt: last.startedAt } : {}) };
  }

  private change(statement: string, parameters: unknown[]): Promise<number> {
    return this.database.run((sql) => sql.change(statement, parameters));
  }

  private row(statement: string, parameters: unknown[]): Promise<Row | undefined> {
    return this.database.run((sql) => sql.row(statement, parameters));
  }
}
