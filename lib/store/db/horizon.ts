import type { Database } from './database.js';
import { FAN_OUT, Position } from './position.js';
import type { HorizonNote } from '../ports/horizon-probe.js';
import type { Sql } from '../ports/sql.js';

/**
 * The safe horizon: the position up to which every event is decided, so that none can appear below it any more.
 * Readers that must not skip an event read up to it.
 */
export class Horizon {
  private reached = 0;
  private shared = false;
  private note?: HorizonNote;
  /** Of the tables: what was noted of those before is not taken for theirs. */
  private era = {};

  constructor(private readonly database: Database) {}

  /** The horizon as far as this process knows it. */
  get position(): number {
    return this.reached;
  }

  /** The log's tables were made again: positions begin anew, and what was decided is none of theirs. */
  forget(): void {
    this.reached = 0;
    this.shared = false;
    this.note = undefined;
    this.era = {};
  }

  /** Moves the horizon on as far as can be seen now, and returns it. */
  async advance(): Promise<number> {
    const { tables, dialect } = this.database;
    return this.database.run(async (sql) => {
      if (!this.shared) await this.takeUp(sql);
      const { note: open, era } = this;
      const isSettled = async (note: HorizonNote) =>
        (await dialect.horizon.settled(sql, tables, note)) && era === this.era;
      if (open && (await isSettled(open))) this.moveTo(open);
      if (this.note) return this.reached;
      const note = await dialect.horizon.note(sql, tables);
      if (note.position <= this.reached || era !== this.era) return this.reached;
      // On SQLite the caller's transaction, where there is one, is joined: what it wrote may still be rolled back.
      if (sql.runner.isTransactionActive) return note.position;
      // Mostly nothing else is open: the note is settled at once.
      if (await isSettled(note)) this.moveTo(note);
      else if (era === this.era) this.note ??= note;
      return this.reached;
    });
  }

  /** Starts from where another process has been: an old transaction that is open now cannot undo that. */
  private async takeUp(sql: Sql): Promise<void> {
    this.reached = Math.max(this.reached, await new Position(this.database, FAN_OUT).read(sql));
    this.shared = true;
  }

  /** Calls may overlap: each settles its own note. */
  private moveTo(note: HorizonNote): void {
    this.reached = Math.max(this.reached, note.position);
    if (this.note === note) this.note = undefined;
  }
}
