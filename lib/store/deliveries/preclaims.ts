import type { ClaimedDelivery, EventRow, HandlerTarget } from '../ports/rows.js';

/** A delivery that a worker of this process claimed as it created it. */
export interface Preclaimed {
  workerId: number;
  delivery: ClaimedDelivery;
}

/** A process that claims deliveries as it creates them, so that they start without a claim. */
export interface Preclaimer {
  /** The worker as whose claims deliveries of these handlers are created; undefined: they are created pending. */
  claimant(handlerIds: readonly number[]): number | undefined;
  /** Whether deliveries of the handler may be claimed here, which have no order key. */
  takes(handlerId: number): boolean;
  /** Runs a statement that creates such deliveries and commits by itself: when it fails, nobody knows what came of it. */
  unlessAnswered<T>(statement: () => Promise<T>): Promise<T>;
}

/** One event's deliveries may start at its commit; those of many are claimed in batches. */
export function preclaim(rows: readonly EventRow[], preclaimer: Preclaimer): readonly EventRow[] {
  const [row] = rows;
  if (!row || rows.length > 1 || row.availableAt !== null) return rows;
  const taken = row.handlers.filter((target) => isFree(target, row) && preclaimer.takes(target.id));
  if (taken.length === 0) return rows;
  const workerId = preclaimer.claimant(taken.map(({ id }) => id));
  if (workerId === undefined) return rows;
  const handlers = row.handlers.map((target) => (taken.includes(target) ? { ...target, workerId } : target));
  return [{ ...row, handlers }];
}

/** It waits for no other handler of the event, and nothing of its order key can be before it. */
function isFree({ ordered, wait }: HandlerTarget, { orderKey }: EventRow): boolean {
  return !wait && (!ordered || orderKey === null);
}

export function hasPreclaims(rows: readonly EventRow[]): boolean {
  return rows.some(({ handlers }) => handlers.some(({ workerId }) => workerId !== undefined));
}

/** What was created as claimed with a row that was recorded at this position. */
export function preclaimedOf(row: EventRow, position: number): Preclaimed[] {
  return row.handlers.flatMap(({ id, workerId }) =>
    workerId === undefined ? [] : [{ workerId, delivery: newDelivery(id, row, position) }],
  );
}

function newDelivery(handlerId: number, row: EventRow, position: number): ClaimedDelivery {
  return { handlerId, position, failures: 0, starts: 0, rescues: 0, event: { ...row, position } };
}
