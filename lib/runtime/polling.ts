/** Milliseconds after something was found until the next look. */
const SOONEST = 10;

/**
 * Milliseconds until the next look: soon after something was found, since more may have come, then twice as long each
 * time that nothing was, up to the interval.
 */
export function nextPoll(previous: number, found: boolean, interval: number): number {
  return Math.min(interval, found ? SOONEST : previous * 2);
}

export interface PollingParts {
  /** Milliseconds between looks when there is nothing to do. Those looks are somebody else's, who tells by `saw`. */
  interval: number;
  /** Whether other processes tell this one of what they record: then looking more often finds nothing. */
  isTold: () => boolean;
  /** Milliseconds until something is due, 0 or less when it is; undefined when nothing is pending. */
  look: () => Promise<number | undefined>;
  /** Whether more could be started: while it could not, there is no point in looking. */
  hasRoom: () => boolean;
  /** Something is due. */
  wake: () => void;
}

/** Looks for due deliveries between the regular looks: more often while there are some, and when one becomes due. */
export class Polling {
  private pause: number;
  private timer?: NodeJS.Timeout;
  private stopped = false;

  constructor(private readonly parts: PollingParts) {
    this.pause = parts.interval;
  }

  /** What a look found: milliseconds until something is due, undefined when nothing is pending. */
  saw(dueIn: number | undefined): void {
    if (this.stopped) return;
    const found = dueIn !== undefined && dueIn <= 0;
    this.pause = nextPoll(this.pause, found, this.parts.interval);
    this.schedule(found ? undefined : dueIn);
    if (found) this.parts.wake();
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.timer);
  }

  private schedule(dueIn = Infinity): void {
    clearTimeout(this.timer);
    const { interval, isTold } = this.parts;
    // A clock that stands still is not asked on and on.
    const wait = Math.max(SOONEST, Math.min(dueIn, isTold() ? Infinity : this.pause));
    // From there on the regular look does it.
    if (wait >= interval) return;
    this.timer = setTimeout(() => void this.again(), wait);
  }

  private async again(): Promise<void> {
    const { look, hasRoom } = this.parts;
    // A failure is reported by the regular look, which comes to the same.
    this.saw(hasRoom() ? await look().catch(() => undefined) : 0);
  }
}
