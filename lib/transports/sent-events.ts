import { NotSentYetError } from './errors.js';

/** Milliseconds after which it may be another process that sends. */
const ELSEWHERE = 300;
/** Milliseconds between two times that others are asked. */
const AGAIN = 50;

interface Waiter {
  sent(): void;
  refused(error: unknown): void;
}

/** Those who wait for an event to be sent. */
export class SentEvents {
  private readonly waiting = new Map<string, Set<Waiter>>();

  sent(key: string): void {
    for (const waiter of this.waiting.get(key) ?? []) waiter.sent();
  }

  refused(key: string, error: unknown): void {
    for (const waiter of this.waiting.get(key) ?? []) waiter.refused(error);
  }

  /** What this process sends from now on is heard of. `end` is to be called. */
  wait(key: string, topic: string): Waiting {
    const all = this.waiting.get(key) ?? new Set();
    this.waiting.set(key, all);
    const waiting = new Waiting(key, topic, () => {
      all.delete(waiting);
      if (all.size === 0 && this.waiting.get(key) === all) this.waiting.delete(key);
    });
    all.add(waiting);
    return waiting;
  }
}

class Waiting implements Waiter {
  sent!: () => void;
  refused!: (error: unknown) => void;
  private readonly told: Promise<void>;

  constructor(
    private readonly key: string,
    private readonly topic: string,
    readonly end: () => void,
  ) {
    this.told = new Promise<void>((sent, refused) => ([this.sent, this.refused] = [sent, refused]));
    // It may be refused before somebody waits for that.
    this.told.catch(() => undefined);
  }

  /**
   * Resolves when the event was sent here, or when `elsewhere` says that another process has sent it. Rejects when it can never be,
   * and with `NotSentYetError` after so many milliseconds.
   */
  async until(limit: number, elsewhere: (left: number) => Promise<void>): Promise<void> {
    const deadline = performance.now() + limit;
    if (await this.within(Math.min(limit, ELSEWHERE))) return;
    for (let left = deadline - performance.now(); left > 0; left = deadline - performance.now()) {
      const passed = elsewhere(Math.min(left, ELSEWHERE)).then(
        () => true,
        // Also where nobody can be asked.
        () => this.within(AGAIN),
      );
      if (await Promise.race([this.told.then(() => true), passed])) return;
    }
    throw new NotSentYetError(this.key, this.topic, limit);
  }

  private async within(limit: number): Promise<boolean> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<false>((resolve) => (timer = setTimeout(() => resolve(false), limit)));
    try {
      return await Promise.race([this.told.then(() => true), late]);
    } finally {
      clearTimeout(timer);
    }
  }
}
