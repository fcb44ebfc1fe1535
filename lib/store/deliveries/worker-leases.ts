import { hostname } from 'node:os';
import { LIBRARY_RELEASE, type RunningRelease } from '../../core/library-release.js';
import type { Database } from '../db/database.js';
import { asciiOf } from '../ports/ascii.js';
import { positionsByHandler } from '../ports/delivery-ids.js';
import { SUSPECT_RESCUES } from '../ports/rows.js';
import { marks, type Sql } from '../ports/sql.js';

const RESCUED = 'The process that handled it died or lost its lease';

/** Deliveries freed in one transaction. */
const BATCH = 500;

/**
 * One lease for each worker, on all that it has claimed: one row to extend however much runs. By the database's clock
 * alone. A worker whose lease lapsed is deleted by whoever sees it first, and has to register anew under another id,
 * so that it cannot mark what it has lost.
 */
export class WorkerLeases {
  constructor(
    private readonly database: Database,
    /** How long a worker's claims are its own without a heartbeat, in milliseconds. */
    private readonly lease: number,
    /** What this process says of itself. Default: the library's release alone. */
    private readonly running: RunningRelease = { library: LIBRARY_RELEASE },
  ) {}

  async register(): Promise<number> {
    const { tables, dialect } = this.database;
    const owner = asciiOf(hostname()).slice(0, 200);
    return this.database.transaction(async (sql) => {
      const nonce = `${owner}#${process.pid}#${Math.random().toString(36).slice(2)}`;
      await sql.change(
        `INSERT INTO ${tables.worker} (host, pid, started_at, lease_until) VALUES (?, ?, ${dialect.syntax.now}, ${dialect.syntax.now} + ?)`,
        [nonce, process.pid, this.lease],
      );
      const row = await sql.row(`SELECT id FROM ${tables.worker} WHERE host = ?`, [nonce]);
      const id = Number(row!.id);
      await this.tell(sql, id);
      return id;
    });
  }

  private async tell(sql: Sql, workerId: number): Promise<void> {
    const { tables, dialect } = this.database;
    const { library, application = null } = this.running;
    await sql.change(
      `INSERT INTO ${tables.workerRelease} (worker_id, library_release, application_release, tables_version) VALUES (?, ?, ?, ?)`,
      [workerId, library, application, dialect.schema.migrations.at(-1)!.version],
    );
  }

  /** Extends the lease; false when it was lost. */
  async extend(sql: Sql, workerId: number): Promise<boolean> {
    const { tables, dialect } = this.database;
    const statement = `UPDATE ${tables.worker} SET lease_until = ${dialect.syntax.now} + ? WHERE id = ?`;
    return (await sql.change(statement, [this.lease, workerId])) > 0;
  }

  async remove(sql: Sql, workerId: number): Promise<void> {
    const { worker, workerRelease } = this.database.tables;
    await sql.change(`DELETE FROM ${worker} WHERE id = ?`, [workerId]);
    await sql.change(`DELETE FROM ${workerRelease} WHERE worker_id = ?`, [workerId]);
  }

  /**
   * Takes over all that workers without a lease have claimed, so many in one transaction; returns how many deliveries.
   * `freed` is told of each part, which can be run while the rest is freed, and says whether to go on.
   */
  async rescue(freed: () => boolean = () => true): Promise<number> {
    if (!(await this.database.run((sql) => this.someLapsed(sql)))) return 0;
    await this.removeLapsed();
    for (let total = 0; ;) {
      const { found, changed } = await this.database.transaction((sql) => this.freeSome(sql));
      total += changed;
      if (!freed() || found < BATCH) return total;
    }
  }

  private async freeSome(sql: Sql): Promise<{ found: number; changed: number }> {
    const { tables, dialect } = this.database;
    const orphans = await sql.rows(
      `SELECT d.handler_id, d.position FROM ${tables.delivery} d WHERE ${this.orphaned()} LIMIT ${BATCH} ${dialect.locks.skipLocked}`,
    );
    const ids = orphans.map((row) => ({ handlerId: Number(row.handler_id), position: Number(row.position) }));
    let changed = 0;
    for (const [handlerId, positions] of positionsByHandler(ids))
      changed += await this.free(sql, handlerId, positions);
    return { found: orphans.length, changed };
  }

  /**
   * In a transaction of its own: where it had to wait for another rescuer, PostgreSQL leaves locks on leases that it took
   * for lapsed and that have been extended meanwhile. Nobody could extend them while deliveries are freed.
   */
  private async removeLapsed(): Promise<void> {
    const { tables, dialect } = this.database;
    await this.database.atomically((sql) =>
      sql.change(`DELETE FROM ${tables.worker} WHERE lease_until < ${dialect.syntax.now}`),
    );
    await this.database.run((sql) => this.removeUnowned(sql));
  }

  /** What workers have left that were deleted, also by a release that knows nothing of these rows: none of one that registers is locked. */
  private async removeUnowned(sql: Sql): Promise<void> {
    const { worker, workerRelease } = this.database.tables;
    const unowned = await sql.rows(
      `SELECT r.worker_id FROM ${workerRelease} r LEFT JOIN ${worker} w ON w.id = r.worker_id WHERE w.id IS NULL LIMIT ${BATCH}`,
    );
    if (unowned.length === 0) return;
    const ids = unowned.map((row) => Number(row.worker_id));
    await sql.change(`DELETE FROM ${workerRelease} WHERE worker_id IN (${marks(ids.length)})`, ids);
  }

  private async someLapsed(sql: Sql): Promise<boolean> {
    const { tables, dialect } = this.database;
    const lapsed = await sql.rows(
      `SELECT id FROM ${tables.worker} WHERE lease_until < ${dialect.syntax.now} LIMIT 1`,
    );
    if (lapsed.length > 0) return true;
    return (
      (await sql.rows(`SELECT 1 AS one FROM ${tables.delivery} d WHERE ${this.orphaned()} LIMIT 1`)).length >
      0
    );
  }

  private orphaned(): string {
    const { tables } = this.database;
    return `d.state = 1 AND d.worker_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM ${tables.worker} w WHERE w.id = d.worker_id)`;
  }

  /**
   * From the third rescue on the delivery ran alone: it is the one that killed its process. Whether its worker is gone
   * is asked again, now that the rows are locked: somebody else may have taken them over since.
   */
  private async free(sql: Sql, handlerId: number, positions: readonly number[]): Promise<number> {
    const { tables, dialect } = this.database;
    const these = dialect.syntax.oneOf(positions);
    return sql.change(
      `UPDATE ${tables.delivery}
       SET attempts = attempts + CASE WHEN rescues >= ${SUSPECT_RESCUES} THEN 1 ELSE 0 END,
         rescues = rescues + 1, state = 0, worker_id = NULL, error = ?
       WHERE handler_id = ? AND position ${these.sql} AND state = 1
         AND NOT EXISTS (SELECT 1 FROM ${tables.worker} w WHERE w.id = worker_id)`,
      [RESCUED, handlerId, ...these.parameters],
    );
  }
}
