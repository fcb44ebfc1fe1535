import { setTimeout as wait } from 'node:timers/promises';

/** What a producer does again and again. */
export interface Work {
  /** Does one thing, and rejects with whatever the application would see. */
  next(): Promise<unknown>;
  failed(error: unknown): void;
}

/** Milliseconds between two things, at most, and after one that failed. */
const PAUSE = 60;
const AFTER_FAILURE = 100;

/** Does a work again and again until it is stopped. */
export class Loop {
  private stopped = false;

  constructor(
    private readonly work: Work,
    private readonly random: () => number,
  ) {}

  async run(): Promise<void> {
    while (!this.stopped) {
      await this.work.next().catch((error: unknown) => this.failed(error));
      await wait(PAUSE * this.random());
    }
  }

  stop(): void {
    this.stopped = true;
  }

  private async failed(error: unknown): Promise<void> {
    if (error instanceof RollBack) return;
    this.work.failed(error);
    await wait(AFTER_FAILURE);
  }
}

/** Thrown by the application in a transaction that it wants to be rolled back. */
export class RollBack extends Error {}

export function onlyRollBack(error: unknown): void {
  if (!(error instanceof RollBack)) throw error;
}
