import type { Database } from '../db/database.js';
import { Position } from '../db/position.js';
import type { Sql } from '../ports/sql.js';

/** How far a sweep over the log has come. */
export interface SweepState {
  /** Every event up to this position was looked at. */
  cursor: number;
  /** The lowest position of what was kept for now among them; 0 when nothing was. */
  kept: number;
  /** When that is to be looked at again, in epoch milliseconds. */
  lookBackAt: number;
}

/** Keeps how far a sweep has come, so that the next one, of whatever process, goes on there. */
export class SweepStateStore {
  private readonly position: Position;
  private readonly notes: Record<'kept' | 'lookBackAt', string>;

  constructor(
    private readonly database: Database,
    /** Of the sweep; at most 40 characters. */
    name: string,
  ) {
    this.position = new Position(database, name);
    this.notes = { kept: `${name}_kept`, lookBackAt: `${name}_look_back` };
  }

  async read(sql: Sql): Promise<SweepState> {
    const { kept, lookBackAt } = this.notes;
    const rows = await sql.rows(
      `SELECT name, value FROM ${this.database.tables.state} WHERE name IN (?, ?)`,
      [kept, lookBackAt],
    );
    const valueOf = (name: string) => Number(rows.find((row) => row.name === name)?.value ?? 0);
    return { cursor: await this.position.read(sql), kept: valueOf(kept), lookBackAt: valueOf(lookBackAt) };
  }

  /** In a transaction, before the work of the step. False where another process has moved it: then nothing may be done. */
  move(sql: Sql, from: SweepState, cursor: number): Promise<boolean> {
    return this.position.move(sql, from.cursor, cursor);
  }

  /** In the transaction that moved it. */
  async note(sql: Sql, noted: Pick<SweepState, 'kept' | 'lookBackAt'>): Promise<void> {
    const { tables, dialect } = this.database;
    for (const part of ['kept', 'lookBackAt'] as const) {
      const name = this.notes[part];
      const update = `UPDATE ${tables.state} SET value = ? WHERE name = ?`;
      if ((await sql.change(update, [noted[part], name])) > 0) continue;
      await sql.change(dialect.syntax.insertNew(tables.state, ['name', 'value']), [name, noted[part]]);
    }
  }
}
