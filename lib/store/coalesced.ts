/**
 * Does something as often as it is asked for while that is seldom, and otherwise once for many requests: at once when
 * the last time is longer ago than the gap, else when the gap is over; never twice at a time.
 */
export class Coalesced {
  private wanted = false;
  private last = -Infinity;
  private timer?: NodeJS.Timeout;
  private underWay?: Promise<void>;

  constructor(
    /** Must not reject. */
    private readonly work: () => Promise<void>,
    /** Milliseconds between two starts, at least. */
    private readonly gap: () => number,
  ) {}

  request(): void {
    this.wanted = true;
    if (this.underWay || this.timer) return;
    const wait = this.last + this.gap() - performance.now();
    if (wait <= 0) this.start();
    else this.timer = setTimeout(() => this.start(), wait);
  }

  /** Does at once what is still to be done; resolves when it is. */
  async flush(): Promise<void> {
    while (this.underWay || this.wanted) {
      if (!this.underWay) this.start();
      await this.underWay;
    }
  }

  private start(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.wanted = false;
    this.last = performance.now();
    this.underWay = this.work().finally(() => {
      this.underWay = undefined;
      if (this.wanted) this.request();
    });
  }
}
