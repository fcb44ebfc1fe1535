import { setImmediate } from 'node:timers/promises';

const LONGEST_BLOCK = 10;

/**
 * Lets the event loop go round every 10 ms. Each of SQLite's statements is synchronous and all of TypeORM's waits are
 * promises, so that a queue of transactions would leave no turn to timers, sockets and requests until it is empty.
 */
export class Breath {
  private last = performance.now();

  take(): Promise<void> | undefined {
    return performance.now() - this.last < LONGEST_BLOCK ? undefined : this.pause();
  }

  private async pause(): Promise<void> {
    await setImmediate();
    this.last = performance.now();
  }
}
