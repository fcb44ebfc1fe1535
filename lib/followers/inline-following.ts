import { setTimeout as wait } from 'node:timers/promises';
import { errorLine } from '../core/error-text.js';
import type { OwnLogger } from '../runtime/logging.js';
import type { Horizon } from '../store/db/horizon.js';
import type { FollowerDefinition } from './follower-definition.js';
import type { FollowerSet } from './follower-set.js';
import type { SyncReport } from './syncs.js';

/** Milliseconds for which transactions of others that are open may hold up a save, at most. */
const PATIENCE = 1000;
/** Milliseconds between two looks whether they have ended, at most. */
const LONGEST_PAUSE = 50;

/** An event that was committed. */
export interface CommittedEvent {
  readonly group: string;
  readonly position: number;
}

export interface InlineFollowingParts {
  readonly set: Pick<FollowerSet, 'all'>;
  readonly horizon: Pick<Horizon, 'advance'>;
  /** Does what is due of one follower. */
  readonly due: (follower: FollowerDefinition) => Promise<SyncReport>;
  readonly isStopping: () => boolean;
  readonly logger: OwnLogger;
}

/** `dispatch: 'inline'`: has followers go on right after a commit, up to where the log is decided. */
export class InlineFollowing {
  /** Followers that may not have come to the end of what they were called for. */
  private readonly behind = new Set<string>();

  constructor(private readonly parts: InlineFollowingParts) {}

  /**
   * Resolves when the followers that take any of these events have had their chance, one after the other. A transaction that
   * is open and may have recorded something before them holds them up for a second at most: they are handled after a later
   * commit then. Rejects only where the database cannot be asked.
   */
  async follow(events: readonly CommittedEvent[]): Promise<void> {
    const called = this.calledBy(events);
    if (called.length === 0 || this.parts.isStopping()) return;
    for (const { name } of called) this.behind.add(name);
    const isDecided = await this.decided(lastOf(events));
    for (const follower of called) {
      const { error } = await this.parts.due(follower);
      if (error !== undefined) this.tell(follower, error);
      else if (isDecided) this.behind.delete(follower.name);
    }
  }

  private calledBy(events: readonly CommittedEvent[]): readonly FollowerDefinition[] {
    return this.parts.set.all.filter(
      ({ name, takes, from }) =>
        from === undefined && (this.behind.has(name) || events.some(({ group }) => takes(group))),
    );
  }

  private async decided(position: number): Promise<boolean> {
    const deadline = performance.now() + PATIENCE;
    for (let pause = 1; (await this.parts.horizon.advance()) < position; pause *= 2) {
      if (performance.now() >= deadline) return false;
      await wait(Math.min(pause, LONGEST_PAUSE));
    }
    return true;
  }

  private tell({ name }: FollowerDefinition, error: unknown): void {
    if (!this.parts.isStopping())
      this.parts.logger.warn(
        `Followers: ${name} was held up, and goes on after a later commit: ${errorLine(error)}`,
      );
  }
}

function lastOf(events: readonly CommittedEvent[]): number {
  return events.reduce((last, { position }) => Math.max(last, position), 0);
}
