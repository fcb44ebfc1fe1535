interface Waiter {
  isOver: () => boolean;
  resolve: () => void;
}

/** Those who wait until something is over. */
export class Waiters {
  private waiting: Waiter[] = [];

  until(isOver: () => boolean): Promise<void> {
    if (isOver()) return Promise.resolve();
    return new Promise((resolve) => this.waiting.push({ isOver, resolve }));
  }

  /** Something has changed: resolves those for whom it is over. */
  look(): void {
    if (this.waiting.length === 0) return;
    const over = this.waiting.filter(({ isOver }) => isOver());
    this.waiting = this.waiting.filter((waiter) => !over.includes(waiter));
    for (const { resolve } of over) resolve();
  }
}
