/** Milliseconds from the loss to the first look for the database's return; twice as long after each. */
const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 8000;

export interface ConnectivityParts {
  /** Rejects when the database does not answer. */
  probe: () => Promise<void>;
  /** The database went away: told once, with what the probe rejected with. */
  lost: (reason: unknown) => void;
  /** It answers again, after so many milliseconds; told once. */
  returned: (after: number) => void;
  random: () => number;
}

/**
 * Whether the database can be reached, for all parts of one process. A part that fails asks here whether that is the
 * database's absence, and then waits like all others, while one of them looks for its return.
 */
export class Connectivity {
  private since?: number;
  private checking?: Promise<boolean>;
  private timer?: NodeJS.Timeout;
  private waiting: (() => void)[] = [];
  private stopped = false;

  constructor(private readonly parts: ConnectivityParts) {}

  get isLost(): boolean {
    return this.since !== undefined;
  }

  /** Whether what just failed did so for want of the database: asks it. Never rejects. */
  explainsFailure(): Promise<boolean> {
    if (this.isLost || this.stopped) return Promise.resolve(this.isLost);
    this.checking ??= this.check().finally(() => (this.checking = undefined));
    return this.checking;
  }

  /** Calls `complain` about what just failed, unless the database's absence, which was told of, explains it. */
  unlessLost(complain: () => void): void {
    void this.explainsFailure().then((isExplained) => {
      if (!isExplained) complain();
    });
  }

  /** Resolves when the database can be reached, or is waited for no more. */
  reachable(): Promise<void> {
    if (!this.isLost || this.stopped) return Promise.resolve();
    return new Promise((resolve) => this.waiting.push(resolve));
  }

  /** Looks no more; whoever waits goes on. */
  stop(): void {
    this.stopped = true;
    clearTimeout(this.timer);
    this.letGo();
  }

  private async check(): Promise<boolean> {
    const asked = performance.now();
    try {
      await this.parts.probe();
      return false;
    } catch (reason) {
      if (this.stopped) return true;
      this.since = asked;
      this.parts.lost(reason);
      this.lookAfter(FIRST_PAUSE);
      return true;
    }
  }

  /** Not all processes at the same moment. */
  private lookAfter(pause: number): void {
    if (this.stopped) return;
    this.timer = setTimeout(() => void this.look(pause), pause * (0.75 + this.parts.random() / 4));
  }

  private async look(pause: number): Promise<void> {
    try {
      await this.parts.probe();
    } catch {
      return this.lookAfter(Math.min(pause * 2, LONGEST_PAUSE));
    }
    if (this.stopped) return;
    const after = performance.now() - this.since!;
    this.since = undefined;
    this.parts.returned(after);
    this.letGo();
  }

  private letGo(): void {
    for (const resolve of this.waiting.splice(0)) resolve();
  }
}
