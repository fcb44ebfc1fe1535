import type { Sql } from '../ports/sql.js';
import type { Database } from './database.js';

/** Up to where the log has been fanned out; version 1 of the tables makes it. */
export const FAN_OUT = 'fan_out';

/**
 * How far something that walks the log has come, so that whoever walks next, in whatever process, goes on there. It is
 * moved by compare-and-set in the transaction of what was done on the way: of two who walk at once, one has walked.
 */
export class Position {
  constructor(
    private readonly database: Database,
    /** Of what walks; at most 64 characters. */
    private readonly name: string,
  ) {}

  /** 0 before the first move. */
  async read(sql: Sql): Promise<number> {
    const row = await sql.row(`SELECT value FROM ${this.database.tables.state} WHERE name = ?`, [this.name]);
    return Number(row?.value ?? 0);
  }

  /**
   * Moves it in the transaction of `sql`, at whose end others can move it again. False where somebody else has moved it:
   * then nothing of this step may be done.
   */
  async move(sql: Sql, from: number, to: number): Promise<boolean> {
    if (await this.set(sql, from, to)) return true;
    if (from !== 0) return false;
    const { tables, dialect } = this.database;
    await sql.change(dialect.syntax.insertNew(tables.state, ['name', 'value']), [this.name, 0]);
    return this.set(sql, from, to);
  }

  private async set(sql: Sql, from: number, to: number): Promise<boolean> {
    const statement = `UPDATE ${this.database.tables.state} SET value = ? WHERE name = ? AND value = ?`;
    return (await sql.change(statement, [to, this.name, from])) > 0;
  }
}
