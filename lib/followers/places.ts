import { type FollowerRow, positionOf } from '../store/followers/follower-rows.js';

/** Where the followers of this process have come, for those who wait for them. */
export class Places {
  private readonly waiting = new Set<(row: FollowerRow) => void>();

  moved(row: FollowerRow): void {
    for (const tell of this.waiting) tell(row);
  }

  /** Resolves when this process sees the follower at the position, or after so many milliseconds. */
  reached(name: string, position: number, limit: number): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.waiting.delete(tell);
        resolve();
      };
      const tell = (row: FollowerRow) => row.name === name && positionOf(row) >= position && done();
      const timer = setTimeout(done, limit);
      this.waiting.add(tell);
    });
  }
}
