import type { Chore } from '../runtime/upkeep.js';
import { RescanInProgressError } from '../sources/rescan/errors.js';
import type { HandlerRegistration, HandlerRegistry } from '../store/registry/handler-registry.js';
import type { Prospect } from '../store/views/outlook.js';
import type { Parts } from './parts.js';
import { retentionChores, type RetentionHost } from './retention-chore.js';

const SECOND = 1000;
const MINUTE = 60 * SECOND;

/** Two patterns of one handler match together while both have live processes: this long after its last heartbeat. */
const SUPERSEDED_AFTER = MINUTE;

/** What was claimed and has not started after so long is given back: another process may be idle. */
const AHEAD_FOR = SECOND;

/** What the chores are done with: the engine. */
export interface Housekeeping extends RetentionHost {
  readonly parts: Parts;
  readonly logger: Pick<Console, 'log' | 'warn'>;
  readonly registrations: readonly HandlerRegistration[];
  /** Of this process's handlers, without those that are paused. */
  readonly handlerIds: readonly number[];
  /** Something may be due, here or in other processes. */
  announce(): void;
  /** Listens to the DataSource's writes again where it was initialised anew. */
  reconnect(): Promise<void>;
}

/**
 * What a process does besides handling, over and over. One statement says whether there is anything to do, so that an
 * idle process asks for little else; a process that only records does the first two.
 */
export function choresOf(engine: Housekeeping): Chore[] {
  const { options, parts } = engine;
  const commits: Chore = { name: 'Proving commits', every: 0, run: () => parts.commits.look() };
  const writes: Chore = { name: 'Listening to writes', every: 0, run: () => engine.reconnect() };
  const forgetting = long('Forgetting', () => parts.forgetting.resume(), MINUTE);
  if (options.dispatch === 'none')
    return [
      writes,
      commits,
      forgetting,
      { name: 'Reading the handler registry', every: 0, run: () => parts.registry.refresh() },
    ];
  let seen: Prospect | undefined;
  const lookOut = async () => {
    seen = undefined;
    seen = await look(engine);
  };
  return [
    writes,
    { name: 'Looking for work', every: 0, run: lookOut },
    commits,
    heartbeatOf(engine),
    followerHeartbeatOf(engine),
    { name: 'Fan-out', every: 0, run: async () => seen && fanOut(engine, seen) },
    { name: 'Steps of the clock', every: 0, run: async () => seen && setRight(engine, seen) },
    long('Rescue', () => rescue(engine), options.worker.lease / 3),
    { name: 'Handler expiry', every: SUPERSEDED_AFTER, run: () => expire(engine) },
    { name: 'Cancellation', every: 0, run: () => parts.worker.heedCancellations() },
    { name: 'Buffer', every: 0, run: () => lookAfter(engine) },
    long('Suspects', async () => seen?.suspects && parts.worker.runSuspects()),
    long('Requested re-scan', async () => seen?.rescanRequested && rescanRequested(engine)),
    forgetting,
    ...retentionChores(engine),
  ];
}

/** That somebody lives who can run them: a process that only records says nothing of the kind. */
function heartbeatOf(engine: Housekeeping): Chore {
  return {
    name: 'Handler heartbeat',
    every: SUPERSEDED_AFTER / 3,
    run: () => engine.parts.registry.heartbeat(engine.registrations),
  };
}

/** Retention keeps what a follower has not passed for as long as some process has it. */
function followerHeartbeatOf({ parts: { followerSet, followerTable } }: Housekeeping): Chore {
  return {
    name: 'Follower heartbeat',
    every: SUPERSEDED_AFTER / 3,
    run: () => followerTable.heartbeat(followerSet.all),
  };
}

/** No statement tells what is due of ordered handlers. */
async function lookAfter(engine: Housekeeping): Promise<void> {
  const { worker, boundHandlers } = engine.parts;
  if ((await worker.tidy(Math.min(AHEAD_FOR, engine.options.worker.lease / 3))) > 0) engine.announce();
  if (boundHandlers().some(({ keyed }) => keyed)) worker.wake();
}

/** The others go on meanwhile. */
function long(name: string, run: Chore['run'], every = 0): Chore {
  return { name, every, long: true, run };
}

/** Wakes the worker when something is due. */
async function look(engine: Housekeeping): Promise<Prospect> {
  const { registry, outlook, polling } = engine.parts;
  let seen = await outlook.look(engine.handlerIds);
  if (seen.registryVersion !== registry.currentVersion) {
    await registry.refresh();
    // This process's handlers may have got their ids, or be paused no more.
    seen = await outlook.look(engine.handlerIds);
  }
  polling.saw(seen.dueIn);
  return seen;
}

async function fanOut(engine: Housekeeping, { unreconciled }: Prospect): Promise<void> {
  if (!unreconciled && !isFilling(engine.parts.registry)) return;
  const created = (await engine.parts.fanOut.reconcile()) + (await engine.parts.fanOut.continueFills());
  if (created > 0) engine.announce();
}

/** What is to be handled at once waits for no clock that was put back. */
async function setRight(engine: Housekeeping, { now }: Prospect): Promise<void> {
  const changed = await engine.parts.clockSteps.check(now);
  if (changed === 0) return;
  engine.logger.warn(
    `The clock of the database went back: ${changed} deliveries that waited for it are due.`,
  );
  engine.announce();
}

/** A backfill is under way. */
function isFilling({ known }: HandlerRegistry): boolean {
  return known.some(({ patterns }) => patterns.some(({ coverage }) => coverage.fill && coverage.active));
}

async function rescue(engine: Housekeeping): Promise<void> {
  const rescued = await engine.parts.leases.rescue(() => {
    engine.announce();
    return !engine.stopping.signal.aborted;
  });
  if (rescued > 0)
    engine.logger.warn(`Took over ${rescued} deliveries from a process that died or lost its lease.`);
}

async function expire(engine: Housekeeping): Promise<void> {
  const gone = await engine.parts.registry.expire(SUPERSEDED_AFTER, engine.options.handlerExpiry);
  for (const handler of gone) {
    engine.logger.warn(
      `No process has had handler ${handler} for long: it collects no deliveries until one has it again.`,
    );
  }
}

/** Scans for bulk writes, when some asked for it and nobody else is scanning. */
export async function rescanRequested(engine: Housekeeping, ignoreThrottle = false): Promise<boolean> {
  try {
    return (
      (await engine.parts.rescan.runRequested({ ignoreThrottle, signal: engine.stopping.signal })) !==
      undefined
    );
  } catch (error) {
    if (error instanceof RescanInProgressError) return false;
    throw error;
  }
}
