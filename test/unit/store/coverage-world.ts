import {
  activate,
  advanceFill,
  type Coverage,
  deactivate,
  isLeftToFill,
  isLeftToReconcile,
  NO_COVERAGE,
  startFill,
} from '../../../lib/store/registry/coverage.js';

export interface WorldEvent {
  position: number;
  registryVersion: number;
  /** Which patterns match it. */
  matches: ReadonlySet<number>;
  committed: boolean;
  /** Deliveries that were created: none is remembered anywhere else, as when they are done and pruned. */
  deliveries: number;
}

/** The log, the registry and its processes in memory, for one handler with several patterns. */
export class CoverageWorld {
  readonly events: WorldEvent[] = [];
  readonly patterns: Coverage[];
  /** Position behind which the handler wants everything, by pattern: where it was first activated. */
  readonly wantedFrom: (number | undefined)[];
  private version = 0;
  private fanOut = 0;
  private readonly seen: { version: number; patterns: Coverage[] }[];

  constructor(patterns: number, writers: number) {
    this.patterns = Array.from({ length: patterns }, () => NO_COVERAGE);
    this.wantedFrom = this.patterns.map(() => undefined);
    this.seen = Array.from({ length: writers }, () => ({ version: 0, patterns: [...this.patterns] }));
  }

  /** A writer reads the registry. */
  refresh(writer: number): void {
    this.seen[writer] = { version: this.version, patterns: [...this.patterns] };
  }

  /** A writer records an event; `commits` at once, or stays open. */
  write(writer: number, matches: readonly number[], commits: boolean): void {
    const { version, patterns } = this.seen[writer]!;
    const known = matches.some((pattern) => patterns[pattern]!.active);
    this.events.push({
      position: this.events.length + 1,
      registryVersion: version,
      matches: new Set(matches),
      committed: commits,
      deliveries: known ? 1 : 0,
    });
  }

  commit(): void {
    const open = this.events.find((event) => !event.committed);
    if (open) open.committed = true;
  }

  /** `lag` of the decided positions are not known to be decided yet by the process that registers. */
  activate(pattern: number, lag: number): void {
    if (this.patterns[pattern]!.active) return;
    const after = Math.max(this.horizon - lag, this.fanOut, 0);
    this.wantedFrom[pattern] ??= this.events.length;
    this.change(pattern, activate(this.patterns[pattern]!, this.version + 1, after));
  }

  deactivate(pattern: number): void {
    if (this.patterns[pattern]!.active) {
      this.change(pattern, deactivate(this.patterns[pattern]!, this.version + 1, this.fanOut));
    }
  }

  backfill(pattern: number, after: number): void {
    const coverage = this.patterns[pattern]!;
    if (coverage.active) this.change(pattern, startFill(coverage, after, coverage.active.after));
  }

  /** The reconciler passes over at most so many positions. */
  reconcile(count: number): void {
    const upTo = Math.min(this.fanOut + count, this.horizon);
    for (const event of this.between(this.fanOut, upTo)) {
      if (isLeftToReconcile(this.matching(event), event)) event.deliveries += 1;
    }
    this.fanOut = Math.max(this.fanOut, upTo);
  }

  /** Backfills go on by at most so many positions. */
  fill(pattern: number, count: number): void {
    const coverage = this.patterns[pattern]!;
    if (!coverage.fill || !coverage.active) return;
    const { cursor, upTo } = coverage.fill;
    const reached = Math.min(cursor + count, upTo, this.fanOut);
    if (reached <= cursor) return;
    for (const event of this.between(cursor, reached)) {
      if (event.matches.has(pattern) && isLeftToFill(this.matching(event), event)) event.deliveries += 1;
    }
    this.change(pattern, advanceFill(coverage, reached));
  }

  /** Everything commits, every pattern that ever was active is active again, and all that is under way ends. */
  settle(): void {
    for (const event of this.events) event.committed = true;
    this.patterns.forEach(
      (_, pattern) => this.wantedFrom[pattern] !== undefined && this.activate(pattern, 0),
    );
    this.reconcile(this.events.length);
    this.patterns.forEach((_, pattern) => this.fill(pattern, this.events.length));
  }

  private change(pattern: number, coverage: Coverage): void {
    this.patterns[pattern] = coverage;
    this.version += 1;
  }

  private matching(event: WorldEvent): Coverage[] {
    return this.patterns.filter((_, pattern) => event.matches.has(pattern));
  }

  private between(after: number, upTo: number): WorldEvent[] {
    return this.events.filter(({ position, committed }) => committed && position > after && position <= upTo);
  }

  /** Behind it, something is undecided. */
  private get horizon(): number {
    const open = this.events.findIndex(({ committed }) => !committed);
    return open === -1 ? this.events.length : open;
  }
}
