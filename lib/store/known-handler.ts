import { type GroupPattern, restorePattern, type StoredPattern } from '../core/group-pattern.js';
import type { Coverage } from './coverage.js';

/** A handler of this process, to be made known to every writer. */
export interface HandlerRegistration {
  name: string;
  /** What it was called before: its rows are taken over. */
  formerly: readonly string[];
  /** Matched by any of them. */
  patterns: readonly GroupPattern[];
  rank: number;
}

/** A handler as the registry knows it, of whatever process. */
export interface KnownHandler {
  id: number;
  name: string;
  formerNames: readonly string[];
  rank: number;
  retired: boolean;
  paused: boolean;
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
  return {
    id,
    name: row.name as string,
    formerNames: JSON.parse(row.former_names as string) as string[],
    rank: Number(row.handler_rank),
    retired: row.retired_at !== null,
    paused: row.paused_at !== null,
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
export function taking(
  known: KnownHandler,
  { name, formerly, rank }: HandlerRegistration,
): { name: string; formerNames: string[]; unchanged: boolean } {
  // A process of an older version may still call it by a former name: that one does not rename it back.
  const isOlder = known.formerNames.includes(name) && !formerly.includes(known.name);
  const current = isOlder ? known.name : name;
  const names = new Set([...known.formerNames, ...formerly, known.name]);
  names.delete(current);
  const isSame = current === known.name && names.size === known.formerNames.length;
  const unchanged = isSame && (isOlder || rank === known.rank) && !known.retired;
  return { name: current, formerNames: [...names], unchanged };
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
