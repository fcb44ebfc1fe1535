import { type DataSource, Column, Entity, type EntityManager, PrimaryColumn } from 'typeorm';
import { deferred } from './deferred.js';

/** Rows that two transactions lock in opposite orders. */
@Entity()
export class Lane {
  @PrimaryColumn()
  id: number;

  @Column()
  count: number;
}

/** One deadlock of two transactions. */
export class Deadlock {
  /** How often it hit the transaction of `meet`. */
  hits = 0;
  private readonly isLocked = deferred();
  private readonly isWaiting = deferred();

  private constructor(private readonly dataSource: DataSource) {}

  /** Whose DataSource knows `Lane`. */
  static async prepared(dataSource: DataSource): Promise<Deadlock> {
    await dataSource.getRepository(Lane).insert([1, 2].map((id) => ({ id, count: 0 })));
    return new Deadlock(dataSource);
  }

  /** In the transaction of the manager: rejects where that is the victim. Later calls do nothing. */
  async meet(manager: EntityManager): Promise<void> {
    if (this.hits > 0) return;
    await this.lock(manager, 1);
    this.isLocked.resolve();
    await this.isWaiting.promise;
    await this.lock(manager, 2).catch((error: unknown) => {
      this.hits++;
      throw error;
    });
  }

  /**
   * Meets the other in a transaction that does `change` first: where the database spares who has changed most, that makes the
   * other one the victim. Resolves with whether it did.
   */
  async rival(change: (manager: EntityManager) => Promise<unknown>): Promise<boolean> {
    await this.isLocked.promise;
    const done = this.dataSource.transaction(async (manager) => {
      await change(manager);
      await this.lock(manager, 2);
      this.isWaiting.resolve();
      await this.lock(manager, 1);
    });
    return done.then(
      () => true,
      () => false,
    );
  }

  private lock(manager: EntityManager, id: number): Promise<unknown> {
    return manager.increment(Lane, { id }, 'count', 1);
  }
}
