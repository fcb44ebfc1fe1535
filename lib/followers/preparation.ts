import type { FollowerRow } from '../store/followers/follower-rows.js';
import type { FollowerTable } from '../store/followers/follower-table.js';
import type { Stretch } from '../store/followers/stretch.js';
import type { StoredEvent } from '../store/ports/rows.js';
import { NotDoneYet } from './beforehand.js';
import type { FollowerDefinition } from './follower-definition.js';
import { EventFailed } from './handling.js';
import { LostPass, type Pass } from './pass.js';
import type { PassParts } from './pass-parts.js';
import { unlessAborted } from './unless-aborted.js';

interface PreparationParts extends Pick<PassParts, 'database' | 'signal'> {
  readonly table: Pick<FollowerTable, 'look'>;
}

/** Does what a follower does beforehand with the events that its next pass is to pass. */
export class Preparation {
  constructor(
    private readonly follower: FollowerDefinition,
    private readonly parts: PreparationParts,
    private readonly pass: Pick<Pass, 'heldBack'>,
  ) {}

  /** The part of a stretch that may be passed, since its events were done beforehand. Throws `LostPass`, `EventFailed` or `NotDoneYet`. */
  async done(
    row: FollowerRow,
    stretch: Stretch,
    events: readonly StoredEvent[],
  ): Promise<{ stretch: Stretch; events: readonly StoredEvent[] }> {
    const { beforehand } = this.follower;
    if (!beforehand || events.length === 0) return { stretch, events };
    if (!(await this.isCurrent(row, stretch))) throw new LostPass();
    await unlessAborted(this.parts.signal, () => beforehand.prepare(events));
    const due = await this.due(row, stretch, events);
    const { failed, undone } = await unlessAborted(this.parts.signal, () => beforehand.done(due));
    const part = events.filter(({ position }) => !undone || position < undone.event.position);
    const bad = part.find(({ position }) => failed.has(position));
    if (bad) throw new EventFailed(bad, failed.get(bad.position));
    if (!undone) return { stretch, events };
    if (part.length === 0) throw new NotDoneYet(undone.error);
    return { stretch: { ...stretch, to: undone.event.position - 1 }, events: part };
  }

  /** Those that are not set aside. */
  private async due(
    row: FollowerRow,
    stretch: Stretch,
    events: readonly StoredEvent[],
  ): Promise<readonly StoredEvent[]> {
    if (row.toSkip + row.parked === 0) return events;
    const isHeld = await this.parts.database.run((sql) => this.pass.heldBack(sql, row, stretch, events));
    return events.filter((event) => isHeld(event) === undefined);
  }

  /** Whether nobody has moved it on or changed it since: a pass notices that by itself, but too late for what is done before it. */
  private async isCurrent(
    { name, version, revision }: FollowerRow,
    { from, upstreams }: Stretch,
  ): Promise<boolean> {
    const [now] = await this.parts.table.look([{ name, version }]);
    const places = now?.upstreams.filter(({ upstream }) => upstreams.includes(upstream)) ?? [];
    return now?.revision === revision && places.every(({ position }) => position === from);
  }
}
