/** Milliseconds between two looks. */
const LOOK_EVERY = 1000;

/**
 * Whether the database may hold something for this worker that the worker does not know of: the answer to a claim, or to
 * a release, can get lost after its commit, and nobody else takes over what a living worker holds.
 */
export class Doubt {
  private since?: number;
  private lookedAt: number;
  private looking?: Promise<void>;
  private statements = 0;

  constructor(
    /** Milliseconds within which the server has ended a statement whose client is gone. */
    private readonly lasts: number,
    private readonly now: () => number = () => performance.now(),
  ) {
    this.lookedAt = now();
  }

  get isLooking(): boolean {
    return this.looking !== undefined;
  }

  /** There may be something, and there is no hurry. */
  suspect(): void {
    this.since ??= this.now();
  }

  /** A statement failed: nobody knows what came of it. */
  raise(): void {
    this.since = this.now();
    this.lookedAt = -Infinity;
  }

  dispel(): void {
    this.since = undefined;
    this.lookedAt = this.now();
  }

  /** Runs a statement, and is in doubt when that fails. */
  async unlessAnswered<T>(statement: () => Promise<T>): Promise<T> {
    this.statements++;
    try {
      return await statement();
    } catch (error) {
      this.raise();
      throw error;
    } finally {
      this.statements--;
    }
  }

  /**
   * In doubt, and now and then without any, calls `giveBack` for what there is too much, which returns how much that was;
   * not while a claim is under way, whose deliveries nobody knows yet. The doubt ends with a look that finds nothing
   * late enough.
   */
  look(giveBack: () => Promise<number>): Promise<void> {
    const due = this.now() - this.lookedAt >= (this.since === undefined ? this.lasts : LOOK_EVERY);
    if (due && this.statements === 0) {
      this.looking ??= this.lookNow(giveBack).finally(() => (this.looking = undefined));
    }
    return this.looking ?? Promise.resolve();
  }

  private async lookNow(giveBack: () => Promise<number>): Promise<void> {
    const { since } = this;
    const began = this.now();
    this.lookedAt = began;
    const found = await giveBack();
    const isLate = since !== undefined && began - since >= this.lasts;
    if (found === 0 && since === this.since && isLate) this.since = undefined;
  }
}
