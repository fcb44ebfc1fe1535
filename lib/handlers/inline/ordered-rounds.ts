import { AsyncLocalStorage } from 'node:async_hooks';

interface Rounds {
  /** Events that may have deliveries which are still to be run. */
  readonly open: Set<number>;
  readonly done: Promise<void>;
}

/**
 * Runs deliveries of ordered handlers as they come free: inline dispatch claims certain events only, and of those only
 * what is first in its order key. One series of rounds for each handler at a time; events that are recorded meanwhile
 * join it, since what they wait for may be running in it.
 */
export class OrderedRounds {
  private readonly current = new Map<number, Rounds>();
  private readonly inside = new AsyncLocalStorage<true>();

  /** `round` runs what can be claimed of these events, and returns the positions of those. */
  constructor(
    private readonly round: (handlerId: number, positions: readonly number[]) => Promise<number[]>,
  ) {}

  /** Whether this is called by what runs in a round: waiting for that would be waiting for itself. */
  get isInside(): boolean {
    return this.inside.getStore() === true;
  }

  /** Calls `work` as a part of what runs in a round. */
  within<T>(work: () => T): T {
    return this.inside.run(true, work);
  }

  /** Resolves when what could be run of these events was run once; at once where others run it and `wait` is false. */
  run(handlerId: number, positions: readonly number[], wait: boolean): Promise<void> {
    const current = this.current.get(handlerId);
    if (!current) return this.start(handlerId, new Set(positions));
    for (const position of positions) current.open.add(position);
    return wait ? current.done : Promise.resolve();
  }

  private start(handlerId: number, open: Set<number>): Promise<void> {
    const done = this.inside.run(true, async () => {
      try {
        // Those that join have to find the series in the map.
        await Promise.resolve();
        await this.rounds(handlerId, open);
      } finally {
        this.current.delete(handlerId);
      }
    });
    this.current.set(handlerId, { open, done });
    return done;
  }

  /** What is left at the end waits for something that is not due. */
  private async rounds(handlerId: number, open: Set<number>): Promise<void> {
    while (open.size > 0) {
      const asked = [...open];
      const ran = await this.round(handlerId, asked);
      for (const position of ran) open.delete(position);
      const joined = open.size > asked.length - ran.length;
      if (ran.length === 0 && !joined) return;
    }
  }
}
