import type { Database } from '../db/database.js';
import { marks, type Sql } from '../ports/sql.js';

/** How far a sweep over the log has come. */
export interface SweepState {
  /** Every event up to this position was looked at. */
  cursor: number;
  /** The lowest position of what was kept for now among them; 0 when nothing was. */
  kept: number;
  /** When that is to be looked at again, in epoch milliseconds. */
  lookBackAt: number;
}

/** Keeps how far a sweep has come in the table of states, so that the next one, of whatever process, goes on there. */
export class SweepStateStore {
  private readonly names: Record<keyof SweepState, string>;

  constructor(
    private readonly database: Database,
    /** Of the sweep; at most 40 characters. */
    name: string,
  ) {
    this.names = { cursor: name, kept: `${name}_kept`, lookBackAt: `${name}_look_back` };
  }

  async read(sql: Sql): Promise<SweepState> {
    const names = Object.values(this.names);
    const rows = await sql.rows(
      `SELECT name, value FROM ${this.database.tables.state} WHERE name IN (${marks(names.length)})`,
      names,
    );
    const values = new Map(rows.map((row) => [row.name as string, Number(row.value)]));
    const valueOf = (part: keyof SweepState) => values.get(this.names[part]) ?? 0;
    return { cursor: valueOf('cursor'), kept: valueOf('kept'), lookBackAt: valueOf('lookBackAt') };
  }

  /** In a transaction. */
  async save(sql: Sql, state: SweepState): Promise<void> {
    const { tables, dialect } = this.database;
    for (const part of ['cursor', 'kept', 'lookBackAt'] as const) {
      const name = this.names[part];
      const update = `UPDATE ${tables.state} SET value = ? WHERE name = ?`;
      if ((await sql.change(update, [state[part], name])) > 0) continue;
      await sql.change(dialect.insertNew(tables.state, ['name', 'value']), [name, state[part]]);
    }
  }
}
