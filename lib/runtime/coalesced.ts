/** Milliseconds to which the gap grows while requests keep coming, where nothing else is said. */
const LARGEST = 40;

/**
 * Does something as often as it is asked for while that is seldom, and otherwise once for many requests: at once when
 * the last time is longer ago than the gap, else when the gap is over; never twice at a time. The gap doubles for as
 * long as several requests come in each.
 */
export class Coalesced {
  private wanted = 0;
  private widened = 1;
  private last = -Infinity;
  private timer?: NodeJS.Timeout;
  /** When the timer is to fire. */
  private startsAt = 0;
  private underWay?: Promise<void>;

  constructor(
    /** Must not reject. */
    private readonly work: () => Promise<void>,
    /** Milliseconds between two starts, at least. Asked at each request. */
    private readonly gap: () => number,
    private readonly largest = LARGEST,
  ) {}

  request(): void {
    this.wanted++;
    this.schedule();
  }

  /** True where a request would be done at once: then it counts as done, and the caller does it. */
  take(): boolean {
    if (this.underWay || this.timer || this.wanted > 0 || this.next > performance.now()) return false;
    this.began(1);
    return true;
  }

  private schedule(): void {
    if (this.underWay) return;
    const { next } = this;
    // The gap may have become shorter.
    if (this.timer && next >= this.startsAt) return;
    clearTimeout(this.timer);
    this.startsAt = next;
    const pause = next - performance.now();
    if (pause <= 0) this.start();
    else this.timer = setTimeout(() => this.start(), pause);
  }

  /** When the gap is over. */
  private get next(): number {
    const gap = this.gap();
    return this.last + Math.max(gap, Math.min(this.largest, gap * this.widened));
  }

  private began(requests: number): void {
    this.widened = requests > 1 ? this.widened * 2 : 1;
    this.wanted = 0;
    this.last = performance.now();
  }

  /** Does at once what is still to be done; resolves when it is. */
  async flush(): Promise<void> {
    while (this.underWay || this.wanted > 0) {
      if (!this.underWay) this.start();
      await this.underWay;
    }
  }

  private start(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.began(this.wanted);
    this.underWay = this.work().finally(() => {
      this.underWay = undefined;
      if (this.wanted > 0) this.schedule();
    });
  }
}
