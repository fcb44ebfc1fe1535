import type { Database } from './database.js';

/** What one process of all does at a time, by the database's clock. One that died lets go when its time is up. */
export class Lease {
  constructor(
    private readonly database: Database,
    /** At most 64 characters. */
    private readonly name: string,
  ) {}

  /** Takes or renews it for `milliseconds`; false while another owner's has not lapsed. */
  async acquire(owner: string, milliseconds: number): Promise<boolean> {
    const { tables, dialect } = this.database;
    const insert = dialect.insertNew(tables.lease, ['name', 'owner', 'lease_until']);
    return this.database.transaction(async (sql) => {
      await sql.change(insert, [this.name, '', 0]);
      const taken = await sql.change(
        `UPDATE ${tables.lease} SET owner = ?, lease_until = ${dialect.now} + ?
         WHERE name = ? AND (lease_until < ${dialect.now} OR owner = ?)`,
        [owner, milliseconds, this.name, owner],
      );
      return taken > 0;
    });
  }

  /** False when it was lost. */
  async extend(owner: string, milliseconds: number): Promise<boolean> {
    const { tables, dialect } = this.database;
    const statement = `UPDATE ${tables.lease} SET lease_until = ${dialect.now} + ? WHERE name = ? AND owner = ?`;
    return (await this.change(statement, [milliseconds, this.name, owner])) > 0;
  }

  async release(owner: string): Promise<void> {
    const statement = `UPDATE ${this.database.tables.lease} SET lease_until = 0 WHERE name = ? AND owner = ?`;
    await this.change(statement, [this.name, owner]);
  }

  private change(statement: string, parameters: unknown[]): Promise<number> {
    return this.database.run((sql) => sql.change(statement, parameters));
  }
}
