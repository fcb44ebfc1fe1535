const SMALLEST = 10;
const LARGEST = 2000;

/** A claim that comes sooner than this after a full one, in milliseconds, means that larger claims would pay. */
const QUICK = 100;

/** How many deliveries to claim ahead: more while handlers are quick, fewer while claims come back short. */
export class Prefetch {
  private current = SMALLEST;
  private lastFull = -Infinity;

  get size(): number {
    return this.current;
  }

  claimed(count: number, asked: number, now: number): void {
    if (count < asked / 2) {
      this.current = Math.max(SMALLEST, Math.floor(this.current / 2));
      return;
    }
    if (now - this.lastFull < QUICK) this.current = Math.min(LARGEST, this.current * 2);
    this.lastFull = now;
  }
}
