import type { Database } from './database.js';
import type { HorizonNote, HorizonProbe } from './dialect.js';

/**
 * The safe horizon: the position up to which every event is decided, so that none can appear below it any more.
 * Readers that must not skip an event read up to it.
 */
export class Horizon {
  private reached = 0;
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
      const earlier = this.note;
      if (earlier && (await this.probe.settled(sql, earlier))) this.settle(earlier);
      if (!this.note) {
        const note = (this.note = await this.probe.note(sql));
        // Mostly nothing else is open: the note is settled at once.
        if (await this.probe.settled(sql, note)) this.settle(note);
      }
      return this.reached;
    });
  }

  /** Others may be asking at the same time: the note that they are waiting for is left to them. */
  private settle(note: HorizonNote): void {
    this.reached = Math.max(this.reached, note.position);
    if (this.note === note) this.note = undefined;
  }
}
