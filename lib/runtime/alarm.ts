/** Rings once at the earliest of the times that it was set to. */
export class Alarm {
  private at = Infinity;
  private timer?: NodeJS.Timeout;

  constructor(private readonly ring: () => void) {}

  /** In so many milliseconds. */
  set(wait: number): void {
    const at = performance.now() + wait;
    if (at >= this.at) return;
    clearTimeout(this.timer);
    this.at = at;
    this.timer = setTimeout(() => {
      this.at = Infinity;
      this.ring();
    }, wait);
    // Alone it keeps no process from ending.
    this.timer.unref();
  }
}
