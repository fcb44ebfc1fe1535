/** What goes on after a save or a load was answered, so that a shutdown can wait for it. */
export class Background {
  private readonly running = new Set<Promise<void>>();

  /** `work` never rejects. */
  add(work: Promise<void>): void {
    const noted = work.finally(() => this.running.delete(noted));
    this.running.add(noted);
  }

  /** Resolves when all of it is done. */
  async finished(): Promise<void> {
    while (this.running.size > 0) await Promise.all(this.running);
  }
}
