import type { DataSource, QueryRunner } from 'typeorm';

/**
 * One connection of a DataSource that is held between uses: taking it from the pool every time costs half of a statement.
 * Uses take turns.
 */
export class HeldConnection {
  private runner?: QueryRunner;
  private turn: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly dataSource: DataSource,
    /** Ends the runner's connection, also with a statement running on it. */
    private readonly abandon: (runner: QueryRunner) => Promise<void>,
  ) {}

  use<T>(work: (runner: QueryRunner) => Promise<T>): Promise<T> {
    const use = this.turn.then(() => this.useNow(work));
    this.turn = use.catch(() => undefined);
    return use;
  }

  /** What is under way fails. */
  async end(): Promise<void> {
    if (this.runner) void this.abandon(this.runner);
    await this.letGo();
    await this.dataSource.destroy();
  }

  private async useNow<T>(work: (runner: QueryRunner) => Promise<T>): Promise<T> {
    // One that lost its connection has released itself.
    if (!this.runner || this.runner.isReleased) this.runner = this.dataSource.createQueryRunner('master');
    try {
      return await work(this.runner);
    } catch (error) {
      // The connection may be what failed: the pool knows, and gives the next one.
      await this.letGo();
      throw error;
    }
  }

  private async letGo(): Promise<void> {
    const { runner } = this;
    this.runner = undefined;
    if (runner && !runner.isReleased) await runner.release();
  }
}
