/**
 * Which events one pattern of a handler has been matched against, exactly: so that a delivery which was never created
 * can be told from one that is done and pruned, without a row for ever.
 *
 * A writer matches events under a version of the handler registry and notes that version on the event; the reconciler
 * matches what writers with an older version recorded, in log order. So an event is covered while a pattern is active
 * if its writer knew the pattern (`registryVersion`) or the reconciler passed over it (`position`).
 */
export interface Coverage {
  /** Set while events are matched: known to writers from this registry version on, reconciled after this position. */
  active?: { version: number; after: number };
  /** Former times of being active: until this registry version, reconciled up to this position. */
  periods: { version: number; after: number; untilVersion: number; upTo: number }[];
  /** Ranges of positions that a backfill matched, whatever their version: after the first, up to the second. */
  filled: [after: number, upTo: number][];
  /** A backfill under way: matched up to `cursor`, to go on up to `upTo`. */
  fill?: { cursor: number; upTo: number };
}

/** What coverage is decided by. */
export interface CoveredEvent {
  position: number;
  registryVersion: number;
}

export const NO_COVERAGE: Coverage = { periods: [], filled: [] };

/** The event's writer knew the pattern, or a backfill matched it. */
export function matchedAlready(coverage: Coverage, event: CoveredEvent): boolean {
  const { position, registryVersion } = event;
  return (
    (coverage.active !== undefined && registryVersion >= coverage.active.version) ||
    coverage.periods.some(
      (period) => registryVersion >= period.version && registryVersion < period.untilVersion,
    ) ||
    coverage.filled.some(([after, upTo]) => position > after && position <= upTo)
  );
}

/** `matchedAlready`, or the reconciler did it or will do it. */
export function isCovered(coverage: Coverage, event: CoveredEvent): boolean {
  const { position } = event;
  return (
    matchedAlready(coverage, event) ||
    (coverage.active !== undefined && position > coverage.active.after) ||
    coverage.periods.some((period) => position > period.after && position <= period.upTo)
  );
}

/** The reconciler has to match the event: it is new to the pattern, and its writer did not know the pattern. */
export function needsReconciling(coverage: Coverage, event: CoveredEvent): boolean {
  const { active } = coverage;
  return active !== undefined && event.registryVersion < active.version && event.position > active.after;
}

/** Whether the reconciler creates the delivery; `matching` is the coverage of the handler's patterns that match. */
export function isLeftToReconcile(matching: readonly Coverage[], event: CoveredEvent): boolean {
  const wanted = matching.some((coverage) => needsReconciling(coverage, event));
  return wanted && !matching.some((coverage) => matchedAlready(coverage, event));
}

/** Whether a backfill creates the delivery; `matching` is the coverage of the handler's patterns that match. */
export function isLeftToFill(matching: readonly Coverage[], event: CoveredEvent): boolean {
  return !matching.some((coverage) => isCovered(coverage, event));
}

/** A pattern that returns gets what it missed since it was last active. */
export function activate(coverage: Coverage, version: number, after: number): Coverage {
  if (coverage.active) return coverage;
  const last = coverage.periods.at(-1);
  const activated = { ...coverage, active: { version, after } };
  return last ? startFill(activated, last.upTo, after) : activated;
}

/** `upTo` is the position that the reconciler has reached. */
export function deactivate(coverage: Coverage, untilVersion: number, upTo: number): Coverage {
  const { active, ...rest } = coverage;
  if (!active) return coverage;
  return {
    ...rest,
    periods: [...coverage.periods, { ...active, untilVersion, upTo: Math.max(upTo, active.after) }],
  };
}

export function startFill(coverage: Coverage, after: number, upTo: number): Coverage {
  const { fill } = coverage;
  const cursor = Math.min(after, fill?.cursor ?? after);
  const end = Math.max(upTo, fill?.upTo ?? upTo);
  return end > cursor ? { ...coverage, fill: { cursor, upTo: end } } : coverage;
}

/** The backfill under way has matched everything up to `position`. */
export function advanceFill(coverage: Coverage, position: number): Coverage {
  const { fill, ...rest } = coverage;
  if (!fill) return coverage;
  const filled = mergeRanges([...coverage.filled, [fill.cursor, position]]);
  return position >= fill.upTo
    ? { ...rest, filled }
    : { ...rest, filled, fill: { ...fill, cursor: position } };
}

function mergeRanges(ranges: [number, number][]): [number, number][] {
  const merged: [number, number][] = [];
  for (const [after, upTo] of [...ranges].sort((a, b) => a[0] - b[0])) {
    const last = merged.at(-1);
    if (last && after <= last[1]) last[1] = Math.max(last[1], upTo);
    else merged.push([after, upTo]);
  }
  return merged;
}
