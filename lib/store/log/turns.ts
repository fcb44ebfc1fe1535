import { within } from '../../runtime/deadline.js';

/**
 * In this process, one after another for each number, in the order in which they came: decisions about one thing would push each
 * other out of the database's queue.
 */
export class Turns {
  /** When the last who came for a number has ended. */
  private readonly ends = new Map<number, Promise<unknown>>();

  /** Whether somebody would have to wait. */
  isTaken(numbers: readonly number[]): boolean {
    return numbers.some((number) => this.ends.has(number));
  }

  /** Does the work when its turn has come; rejects with `NoAnswerError` where that takes longer than so many milliseconds. */
  async take<T>(numbers: readonly number[], limit: number, work: () => Promise<T>): Promise<T> {
    const turn = Promise.all(numbers.flatMap((number) => this.ends.get(number) ?? []));
    let finish!: () => void;
    const finished = new Promise<void>((resolve) => (finish = resolve));
    // Whoever gives up is waited for all the same until it would have been its turn.
    const end = Promise.all([turn, finished]).then(() => {
      for (const number of numbers) if (this.ends.get(number) === end) this.ends.delete(number);
    });
    for (const number of numbers) this.ends.set(number, end);
    try {
      await within(limit, turn);
      return await work();
    } finally {
      finish();
    }
  }
}
