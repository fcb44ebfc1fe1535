import type { Connectivity } from './connectivity.js';
import { loggerOf } from './logging.js';

/** A chore that is done every so often while the process runs. */
export interface Chore {
  name: string;
  /** Milliseconds between two runs, at least. */
  every: number;
  /** It may take long: the others go on meanwhile. */
  long?: boolean;
  run(): Promise<unknown>;
}

/** Does chores one after another, over and over; one that fails is tried again and logged once until it works. */
export class Upkeep {
  private readonly logger = loggerOf('EventSourcing');
  private readonly lastRun = new Map<Chore, number>();
  private readonly failing = new Set<Chore>();
  private timer?: NodeJS.Timeout;
  private round?: Promise<void>;
  private readonly underWay = new Map<Chore, Promise<void>>();
  private stopped = true;

  constructor(
    private readonly chores: readonly Chore[],
    /** Milliseconds between two rounds. */
    private readonly interval: number,
    /** While the database is away nothing is done, and nothing is said here. */
    private readonly connectivity: Pick<Connectivity, 'isLost' | 'explainsFailure'>,
  ) {}

  /** The chores that failed the last time. */
  get failingChores(): readonly string[] {
    return [...this.failing].map(({ name }) => name);
  }

  start(): void {
    this.stopped = false;
    this.schedule();
  }

  /** Starts no further chore; resolves when the one under way is done, long ones excepted. */
  async stop(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    await this.round;
  }

  /** Resolves when long chores are done too. */
  async finished(): Promise<void> {
    await Promise.all(this.underWay.values());
  }

  private schedule(): void {
    this.timer = setTimeout(() => {
      this.round = this.runDue().finally(() => {
        if (!this.stopped) this.schedule();
      });
    }, this.interval);
  }

  private async runDue(): Promise<void> {
    for (const chore of this.chores) {
      if (this.connectivity.isLost) return;
      const last = this.lastRun.get(chore) ?? -Infinity;
      if (this.stopped || performance.now() - last < chore.every || this.underWay.has(chore)) continue;
      this.lastRun.set(chore, performance.now());
      const done = this.attempt(chore);
      if (chore.long) this.follow(chore, done);
      else await done;
    }
  }

  private follow(chore: Chore, done: Promise<void>): void {
    this.underWay.set(chore, done);
    void done.finally(() => this.underWay.delete(chore));
  }

  private async attempt(chore: Chore): Promise<void> {
    try {
      await chore.run();
      if (this.failing.delete(chore)) this.logger.log(`${chore.name}: works again`);
    } catch (error) {
      if (await this.connectivity.explainsFailure()) {
        // Due again as soon as the database is back.
        this.lastRun.delete(chore);
        return;
      }
      if (this.stopped || this.failing.has(chore)) return;
      this.failing.add(chore);
      this.logger.warn(`${chore.name} failed and is tried again: ${String(error)}`);
    }
  }
}
