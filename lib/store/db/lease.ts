import { randomUUID } from 'node:crypto';
import type { HeldLease } from '../ports/held-lease.js';
import type { Database } from './database.js';

/** Part of a lease that may go before it is extended. */
const EXTEND_AFTER = 1 / 4;

/**
 * What one process of all does at a time, by the database's clock. One that died lets go when its time is up. A lease
 * alone does not keep two apart, since a process that stands still does not know that its time is up: what has to be
 * done once moves a `Position` in its transaction.
 */
export class Lease {
  constructor(
    private readonly database: Database,
    /** At most 64 characters. */
    private readonly name: string,
    /** Milliseconds. */
    private readonly duration: number,
  ) {}

  /** Does `work` under the lease, or `otherwise` where another call has it, in whatever process. */
  async hold<T>(work: (held: HeldLease) => Promise<T>, otherwise: () => T): Promise<T> {
    const owner = randomUUID();
    if (!(await this.take(owner))) return otherwise();
    const held = new Extended(() => this.extend(owner), this.duration * EXTEND_AFTER);
    try {
      return await work(held);
    } finally {
      held.end();
      await this.release(owner);
    }
  }

  private async take(owner: string): Promise<boolean> {
    const { tables, dialect } = this.database;
    const insert = dialect.syntax.insertNew(tables.lease, ['name', 'owner', 'lease_until']);
    return this.database.transaction(async (sql) => {
      await sql.change(insert, [this.name, '', 0]);
      const taken = await sql.change(
        `UPDATE ${tables.lease} SET owner = ?, lease_until = ${dialect.syntax.now} + ?
         WHERE name = ? AND lease_until < ${dialect.syntax.now}`,
        [owner, this.duration, this.name],
      );
      return taken > 0;
    });
  }

  /** False when another owner has it. */
  private async extend(owner: string): Promise<boolean> {
    return this.set(`${this.database.dialect.syntax.now} + ${this.duration}`, owner);
  }

  private async release(owner: string): Promise<void> {
    await this.set('0', owner);
  }

  private async set(until: string, owner: string): Promise<boolean> {
    const statement = `UPDATE ${this.database.tables.lease} SET lease_until = ${until} WHERE name = ? AND owner = ?`;
    return (await this.database.run((sql) => sql.change(statement, [this.name, owner]))) > 0;
  }
}

class Extended implements HeldLease {
  private extendedAt = performance.now();
  private isLost = false;
  private readonly timer: NodeJS.Timeout;

  constructor(
    private readonly extend: () => Promise<boolean>,
    private readonly every: number,
  ) {
    // What fails here shows at the next step.
    this.timer = setInterval(() => void this.keep().catch(() => undefined), every);
    this.timer.unref();
  }

  async keep(): Promise<boolean> {
    const asked = performance.now();
    if (this.isLost || asked - this.extendedAt < this.every) return !this.isLost;
    this.isLost = !(await this.extend());
    if (!this.isLost) this.extendedAt = asked;
    return !this.isLost;
  }

  end(): void {
    clearInterval(this.timer);
  }
}
