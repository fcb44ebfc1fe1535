import { type GroupPattern, restorePattern, type StoredPattern } from '../../core/group-pattern.js';
import type { Coverage } from './coverage.js';

/** Of a handler that is not on the class of its event; those that are have 0, 1, … in the order of their declaration. */
export const DEFAULT_RANK = 1000;

/** A handler of this process, to be made known to every writer. */
export interface HandlerRegistration {
  name: string;
  /** What it was called before: its rows are taken over. */
  formerly: readonly string[];
  /** Matched by any of them. */
  patterns: readonly GroupPattern[];
  /** Among the handlers of one event those of higher ranks wait for the first attempts of those of lower ones. */
  rank: number;
  /** Its deliveries of one order key are handled one at a time, in log order. Default false. */
  ordered?: boolean;
}

/** How a handler treats order keys, as its row says. */
export const Ordering = {
  none: 0,
  byKey: 1,
  /** It was ordered once: what has an order key still is handled by it, what comes gets none. */
  ended: 2,
} as const;

/** A handler as the registry knows it, of whatever process. */
export interface KnownHandler {
  id: number;
  name: string;
  formerNames: readonly string[];
  rank: number;
  retired: boolean;
  paused: boolean;
  /** Deliveries that are created for it carry the order key. */
  ordered: boolean;
  /** It may have deliveries with an order key. */
  keyed: boolean;
  patterns: readonly KnownPattern[];
}

export interface KnownPattern extends StoredPattern {
  id: number;
  regexp: RegExp;
  heartbeatAt: number;
  coverage: Coverage;
}

/** A handler of these rows. */
export function knownHandler(
  row: Record<string, unknown>,
  patterns: readonly Record<string, unknown>[],
): KnownHandler {
  const id = Number(row.id);
  const ordering = Number(row.ordered);
  return {
    id,
    name: row.name as string,
    formerNames: JSON.parse(row.former_names as string) as string[],
    rank: Number(row.handler_rank),
    retired: row.retired_at !== null,
    paused: row.paused_at !== null,
    ordered: ordering === Ordering.byKey,
    keyed: ordering !== Ordering.none,
    patterns: patterns.filter((pattern) => Number(pattern.handler_id) === id).map(knownPattern),
  };
}

function knownPattern(row: Record<string, unknown>): KnownPattern {
  const stored = { source: row.source as string, flags: row.flags as string };
  return {
    ...stored,
    id: Number(row.id),
    regexp: restorePattern(stored),
    heartbeatAt: Number(row.heartbeat_at),
    coverage: JSON.parse(row.coverage as string) as Coverage,
  };
}

/** What a registration makes of the handler that it belongs to. */
export interface Taken {
  name: string;
  formerNames: string[];
  ordering: number;
  unchanged: boolean;
}

export function taking(
  known: KnownHandler,
  { name, formerly, rank, ordered = false }: HandlerRegistration,
): Taken {
  // A process of an older version may still call it by a former name: that one does not rename it back.
  const isOlder = known.formerNames.includes(name) && !formerly.includes(known.name);
  const current = isOlder ? known.name : name;
  const names = new Set([...known.formerNames, ...formerly, known.name]);
  names.delete(current);
  const isSame = current === known.name && names.size === known.formerNames.length;
  const isAlike = rank === known.rank && ordered === known.ordered;
  const unchanged = isSame && (isOlder || isAlike) && !known.retired;
  const ordering = isOlder ? orderingOf(known, known.ordered) : orderingOf(known, ordered);
  return { name: current, formerNames: [...names], ordering, unchanged };
}

function orderingOf({ keyed }: KnownHandler, ordered: boolean): number {
  if (ordered) return Ordering.byKey;
  return keyed ? Ordering.ended : Ordering.none;
}

/** Of the active patterns of one handler. */
export function lapsedPatterns(
  patterns: readonly { id: number; age: number }[],
  superseded: number,
  missing: number,
): number[] {
  const newest = Math.min(...patterns.map(({ age }) => age));
  return patterns
    .filter(({ age }) => age > missing || (age > superseded && newest <= superseded))
    .map(({ id }) => id);
}
