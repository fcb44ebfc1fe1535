import type { KnownHandler } from './known-handler.js';
import { isWaitedFor, targetsAmong } from './ranks.js';
import type { HandlerTarget } from '../ports/rows.js';

/** Groups that are kept in memory. */
const LIMIT = 10_000;

interface Matched {
  targets: readonly HandlerTarget[];
  /** Handlers of which some wait for others; undefined where none does: nearly always. */
  ranked?: readonly KnownHandler[];
}

/** Which handlers get the events of a group, worked out once for each group. */
export class GroupTargets {
  private readonly groups = new Map<string, Matched>();

  constructor(
    private readonly handlers: readonly KnownHandler[],
    /** Milliseconds that one handler waits for another of a lower rank, at most. */
    private readonly lease: number,
  ) {}

  of(group: string): readonly HandlerTarget[] {
    return this.matched(group).targets;
  }

  /** The handlers among which deliveries are put in order, where some wait for this one; none nearly always. */
  rankedBehind(handlerId: number, group: string): readonly number[] {
    const { ranked } = this.matched(group);
    if (!ranked) return [];
    const own = this.handlers.find(({ id }) => id === handlerId);
    if (!own || own.ordered || ranked.every(({ rank }) => rank <= own.rank)) return [];
    return ranked.map(({ id }) => id);
  }

  private matched(group: string): Matched {
    const known = this.groups.get(group);
    if (known) return known;
    const matched = this.match(group);
    if (this.groups.size >= LIMIT) this.groups.clear();
    this.groups.set(group, matched);
    return matched;
  }

  private match(group: string): Matched {
    const handlers = this.handlers.filter(({ patterns }) =>
      patterns.some(({ coverage, regexp }) => coverage.active && regexp.test(group)),
    );
    const targets = targetsAmong(handlers, this.lease);
    return targets.some(({ wait }) => wait) ? { targets, ranked: handlers.filter(isWaitedFor) } : { targets };
  }
}
