import type { RecordedEvent } from '../core/event.js';
import type { AppendedEvent } from '../store/commits/appended-event.js';
import type { CommitListener } from '../store/commits/commit-hub.js';
import { type CommandResult, RESULT, resultKey } from './command-result.js';

/** Milliseconds between two looks: results of other processes may be told of by nobody. */
const FIRST_LOOK = 20;
const LONGEST_LOOK = 500;

/** Those of this process who wait for results: woken by commits here and elsewhere, and looking by themselves. */
export class CommandResults implements CommitListener {
  private readonly waiting = new Map<string, { group: string; wake: Set<() => void> }>();

  constructor(private readonly get: (key: string) => Promise<RecordedEvent | undefined>) {}

  committed(events: readonly AppendedEvent[]): void {
    for (const { key } of events) this.waiting.get(key)?.wake.forEach((wake) => wake());
  }

  elsewhere(groups: ReadonlySet<string> | undefined): void {
    for (const { group, wake } of this.waiting.values())
      if (!groups || groups.has(group)) wake.forEach((one) => one());
  }

  patience(): number {
    return this.waiting.size > 0 ? 0 : Infinity;
  }

  /** The result of that command; undefined when there is none after so many milliseconds. */
  async of(command: string, key: string, limit: number): Promise<CommandResult | undefined> {
    const wanted = resultKey(key);
    const deadline = performance.now() + limit;
    for (let look = FIRST_LOOK; ; look = Math.min(look * 2, LONGEST_LOOK)) {
      // Listening before it is read: what comes in between is heard of.
      const woken = this.woken(wanted, command + RESULT);
      try {
        const event = await this.get(wanted);
        if (event) return event.data as CommandResult;
        const left = deadline - performance.now();
        if (left <= 0) return undefined;
        await woken.within(Math.min(look, left));
      } finally {
        woken.end();
      }
    }
  }

  private woken(key: string, group: string) {
    const entry = this.waiting.get(key) ?? { group, wake: new Set() };
    this.waiting.set(key, entry);
    let wake!: () => void;
    const told = new Promise<void>((resolve) => (wake = resolve));
    entry.wake.add(wake);
    let timer: NodeJS.Timeout | undefined;
    return {
      within: (limit: number) =>
        Promise.race([told, new Promise<void>((resolve) => (timer = setTimeout(resolve, limit)))]),
      end: () => {
        clearTimeout(timer);
        entry.wake.delete(wake);
        if (entry.wake.size === 0 && this.waiting.get(key) === entry) this.waiting.delete(key);
      },
    };
  }
}
