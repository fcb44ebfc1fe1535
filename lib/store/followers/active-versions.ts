import type { Database } from '../db/database.js';
import { marks, type Sql } from '../ports/sql.js';

const COLUMNS = ['name', 'version', 'highest', 'switched_at'] as const;

/** Which version of each follower readers look at: one row, which a switch changes. */
export class ActiveVersions {
  constructor(private readonly database: Database) {}

  /** Undefined where no version of it was ever registered. */
  async read(sql: Sql, name: string): Promise<number | undefined> {
    const row = await sql.row(`SELECT version FROM ${this.table} WHERE name = ?`, [name]);
    return row && Number(row.version);
  }

  async areKnown(names: readonly string[]): Promise<boolean> {
    const statement = `SELECT count(*) AS known FROM ${this.table} WHERE name IN (${marks(names.length)})`;
    const row = await this.database.run((sql) => sql.row(statement, names));
    return Number(row?.known) === names.length;
  }

  /** Where none is yet, the earliest that has a row becomes the active one. */
  async begin(sql: Sql, name: string): Promise<void> {
    const { tables, dialect } = this.database;
    if ((await this.read(sql, name)) !== undefined) return;
    const { now, insertNew } = dialect.syntax;
    const row = await sql.row(
      `SELECT min(version) AS first, ${now} AS now FROM ${tables.follower} WHERE name = ?`,
      [name],
    );
    const first = Number(row!.first);
    await sql.change(insertNew(this.table, COLUMNS), [name, first, first, Number(row!.now)]);
  }

  /** In the transaction that holds both versions. False where `from` is not the active one any more. */
  async change(sql: Sql, name: string, from: number, to: number): Promise<boolean> {
    const changed = await sql.change(
      `UPDATE ${this.table} SET version = ?, highest = CASE WHEN highest < ? THEN ? ELSE highest END, switched_at = ${this.database.dialect.syntax.now}
       WHERE name = ? AND version = ?`,
      [to, to, to, name, from],
    );
    return changed > 0;
  }

  private get table(): string {
    return this.database.tables.followerActive;
  }
}
