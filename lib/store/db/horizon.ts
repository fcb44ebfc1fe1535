import type { Database } from './database.js';
import type { HorizonNote, HorizonProbe } from '../ports/dialect.js';
import type { Sql } from '../ports/sql.js';

/**
 * The safe horizon: the position up to which every event is decided, so that none can appear below it any more.
 * Readers that must not skip an event read up to it.
 */
export class Horizon {
  private reached = 0;
  private shared = false;
  private note?: HorizonNote;
  private readonly probe: HorizonProbe;

  constructor(private readonly database: Database) {
    this.probe = database.dialect.horizon(database.tables);
  }

  /** The horizon as far as this process knows it. */
  get position(): number {
    return this.reached;
  }

  /** Moves the horizon on as far as can be seen now, and returns it. */
  async advance(): Promise<number> {
    return this.database.run(async (sql) => {
      if (!this.shared) await this.takeUp(sql);
      const open = this.note;
      if (open && (await this.probe.settled(sql, open))) this.settle(open);
      if (this.note) return this.reached;
      const note = await this.probe.note(sql);
      if (note.position <= this.reached) return this.reached;
      // On SQLite the caller's transaction, where there is one, is joined: what it wrote may still be rolled back.
      if (sql.runner.isTransactionActive) return note.position;
      // Mostly nothing else is open: the note is settled at once.
      if (await this.probe.settled(sql, note)) this.settle(note);
      else this.note ??= note;
      return this.reached;
    });
  }

  /** Starts from where another process has been: an old transaction that is open now cannot undo that. */
  private async takeUp(sql: Sql): Promise<void> {
    const row = await sql.row(`SELECT value FROM ${this.database.tables.state} WHERE name = 'fan_out'`);
    this.reached = Math.max(this.reached, Number(row!.value));
    this.shared = true;
  }

  /** Calls may overlap: each settles its own note. */
  private settle(note: HorizonNote): void {
    this.reached = Math.max(this.reached, note.position);
    if (this.note === note) this.note = undefined;
  }
}
