import type { RecordedEvent } from '../core/event.js';
import type { Slots } from '../runtime/slots.js';
import type { FollowerRow } from '../store/followers/follower-rows.js';
import type { Stretch } from '../store/followers/stretch.js';
import type { StoredEvent } from '../store/ports/rows.js';
import { chunks, type Sql } from '../store/ports/sql.js';
import { isConflict } from './conflicts.js';
import type { FollowerDefinition } from './follower-definition.js';
import { divided } from './lanes.js';
import { LostPass, type Pass, type Passed, type PassWork } from './pass.js';
import type { PassParts } from './pass-parts.js';
import { newUpstreams } from './upstreams.js';

/** Times that a lane's transaction is run again at once. */
const PATIENCE = 5;

export interface RoundParts extends PassParts {
  /** Of the connections that followers may hold. */
  readonly slots: Slots;
}

/** A page of the log, and its events by their lanes. */
export interface Round {
  readonly stretch: Stretch;
  readonly lanes: ReadonlyMap<number, readonly StoredEvent[]>;
}

export interface RoundOptions {
  readonly handled?: (event: RecordedEvent) => void;
  /** Whoever runs the round has taken a slot for that. */
  readonly hasSlot?: boolean;
}

/** What the lanes have come to; the follower itself has not been moved. */
export interface RoundOutcome {
  readonly row: FollowerRow;
  readonly stretch: Stretch;
  readonly handled: number;
  /** What they have not handled, in its order. */
  readonly left: readonly StoredEvent[];
  /** What lanes failed with. */
  readonly errors: readonly unknown[];
}

/** One round of lanes, under way. */
interface Running {
  readonly row: FollowerRow;
  readonly round: Round;
  readonly options: RoundOptions;
  readonly reached: Map<number, number>;
  readonly errors: unknown[];
  handled: number;
}

/** Several streams of one follower side by side, each in its order: a lane is a transaction of its own. */
export class Rounds {
  constructor(
    private readonly follower: FollowerDefinition,
    private readonly parts: RoundParts,
    private readonly pass: Pass,
  ) {}

  /**
   * Whether a round may begin: not where something is to be handled alone, nor before an interrupted round has ended. After a reset
   * that interrupted one, only where everything was handled before, so that nothing has to be known of what its lanes do.
   */
  mayBegin(row: FollowerRow, { from, upstreams }: Stretch): boolean {
    if (this.follower.streams === 1 || row.failure || row.starts > 0) return false;
    return (row.ahead?.done ?? 0) <= from && from < this.bound(row, upstreams);
  }

  /** Undefined where there are not several lanes with events in the page, or it is not to be passed in a round. */
  of(row: FollowerRow, stretch: Stretch, events: readonly StoredEvent[]): Round | undefined {
    if (!this.mayBegin(row, stretch) || stretch.to > this.bound(row, stretch.upstreams)) return undefined;
    const lanes = divided(events, this.follower.streams);
    return lanes.size > 1 ? { stretch, lanes } : undefined;
  }

  /** Runs its lanes. Throws `LostPass` where somebody else has moved or changed the follower, and what the database says. */
  async run(row: FollowerRow, round: Round, options: RoundOptions): Promise<RoundOutcome> {
    const begun = await this.parts.database.transaction((sql) => this.begin(sql, row, round));
    const { stretch } = begun.round;
    const running: Running = { ...begun, options, reached: new Map(), errors: [], handled: 0 };
    await this.sideBySide([...round.lanes.keys()], options.hasSlot ?? false, (lane) =>
      this.lane(running, lane).catch((error: unknown) => void running.errors.push(error)),
    );
    const left = [...round.lanes].flatMap(([lane, events]) =>
      events.filter(({ position }) => position > (running.reached.get(lane) ?? stretch.from)),
    );
    left.sort((a, b) => a.position - b.position);
    return { row: begun.row, stretch, handled: running.handled, errors: running.errors, left };
  }

  private bound({ ahead, upstreams }: FollowerRow, of: readonly string[]): number {
    const own = upstreams.filter(({ upstream }) => of.includes(upstream));
    if (!ahead || ahead.replayed <= Math.min(...own.map(({ position }) => position))) return Infinity;
    return Math.min(...own.map(({ replayUntil }) => replayUntil));
  }

  /** Its row has a revision of its own: no lane of another round, and no pass that began before, commits from now on. */
  private async begin(sql: Sql, row: FollowerRow, round: Round): Promise<{ row: FollowerRow; round: Round }> {
    const { tracking } = this.parts;
    const { stretch, lanes } = round;
    if (!(await tracking.changing(sql, row, row.revision))) throw new LostPass();
    const changed = { ...row, revision: row.revision + 1 };
    if (!(await tracking.holds(sql, changed, stretch.upstreams))) throw new LostPass();
    const added = newUpstreams(row, [...lanes.values()].flat(), this.follower.from);
    await tracking.begin(sql, changed, added, stretch.from);
    const own = { ...stretch, upstreams: [...stretch.upstreams, ...added] };
    const isReplaying = (row.ahead?.replayed ?? 0) > stretch.from;
    if (row.ahead) await tracking.lanes.clear(sql, row, isReplaying ? 'round' : 'all');
    await tracking.lanes.begin(sql, row, own, [...lanes.keys()], this.follower.streams);
    const replayUntil = row.upstreams.find(({ upstream }) => upstream === '')?.replayUntil ?? 0;
    const upstreams = added.map((upstream) => ({ upstream, position: stretch.from, replayUntil }));
    return {
      row: {
        ...changed,
        upstreams: [...row.upstreams, ...upstreams],
        ahead: { done: stretch.to, replayed: isReplaying ? row.ahead!.replayed : 0 },
      },
      round: { stretch: own, lanes },
    };
  }

  /** As many at a time as there are connections to be had without waiting. */
  private async sideBySide(
    lanes: readonly number[],
    hasSlot: boolean,
    run: (lane: number) => Promise<void>,
  ): Promise<void> {
    const { slots, database } = this.parts;
    const queue = [...lanes];
    const others: Promise<void>[] = [];
    const work = async () => {
      for (let lane = queue.shift(); lane !== undefined; lane = queue.shift()) {
        join();
        await run(lane);
      }
    };
    const join = () => {
      while (queue.length > 0 && database.dialect.can.pool) {
        const done = slots.tryUse(work, hasSlot ? 0 : 1);
        if (!done) return;
        others.push(done);
      }
    };
    await work();
    await Promise.all(others);
  }

  /** One lane to the end of the round, so many events in each transaction. */
  private async lane(running: Running, lane: number): Promise<void> {
    const { row, round, options, reached } = running;
    const { stretch, lanes } = round;
    const pages = chunks([...lanes.get(lane)!], this.batchSize(row));
    const { handled } = options;
    let from = stretch.from;
    for (const [index, events] of pages.entries()) {
      const to = index === pages.length - 1 ? stretch.to : events.at(-1)!.position;
      const own = { ...stretch, from, to };
      const passed = await this.patiently({
        row,
        stretch: own,
        events,
        lane,
        ...(handled ? { handled } : {}),
      });
      running.handled += passed.handled;
      reached.set(lane, passed.reached);
      this.parts.telemetry.passed(this.follower.name, passed.handled);
      if (passed.reached < to) return;
      from = to;
    }
  }

  /** Events in one transaction. */
  batchSize({ active }: FollowerRow): number {
    const { batchSize, rebuildBatchSize } = this.follower;
    return active ? Math.max(batchSize, rebuildBatchSize) : batchSize;
  }

  private async patiently(work: PassWork): Promise<Passed> {
    for (let conflicts = 0; ; conflicts++) {
      try {
        return await this.pass.run(work);
      } catch (error) {
        const { database, signal } = this.parts;
        if (!isConflict(database, error) || conflicts >= PATIENCE || signal.aborted) throw error;
      }
    }
  }
}
