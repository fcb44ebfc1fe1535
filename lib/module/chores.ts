import type { Chore } from '../runtime/upkeep.js';
import { RescanInProgressError } from '../sources/rescan/errors.js';
import type { Worker } from '../handlers/worker.js';
import type { Rescan } from '../sources/rescan/rescan.js';
import type { CommitHub } from '../store/commits/commit-hub.js';
import type { FanOut } from '../store/registry/fan-out.js';
import type { HandlerRegistration, HandlerRegistry } from '../store/registry/handler-registry.js';
import type { Prospect } from '../store/views/outlook.js';
import type { WorkerLeases } from '../store/deliveries/worker-leases.js';
import type { LookoutParts } from './lookout-parts.js';
import type { ResolvedOptions } from './options.js';
import { retentionChores, type RetentionHost } from './retention-chore.js';

const SECOND = 1000;
const MINUTE = 60 * SECOND;

/** Two patterns of one handler match together while both have live processes: this long after its last heartbeat. */
const SUPERSEDED_AFTER = MINUTE;

/** What the chores are done with: the engine's parts. */
export interface Housekeeping {
  readonly options: ResolvedOptions;
  readonly registrations: readonly HandlerRegistration[];
  readonly registry: HandlerRegistry;
  readonly fanOut: FanOut;
  readonly leases: WorkerLeases;
  readonly commits: Pick<CommitHub, 'look'>;
  readonly worker: Worker;
  readonly rescan: Rescan;
  readonly logger: Pick<Console, 'warn'>;
  readonly stopping: AbortController;
  readonly lookout: LookoutParts;
  /** Of this process's handlers. */
  readonly handlerIds: readonly number[];
  /** Some of them may have deliveries with order keys, into which no look at what is due can see. */
  readonly hasKeyedHandlers: boolean;
  /** Something may be due, here or in other processes. */
  announce(): void;
}

/**
 * What a process does besides handling, over and over. One statement says whether there is anything to do, so that an
 * idle process asks for little else; a process that only records does the first two.
 */
export function choresOf(engine: Housekeeping & RetentionHost): Chore[] {
  const { options } = engine;
  const heartbeat: Chore = {
    name: 'Handler heartbeat',
    every: SUPERSEDED_AFTER / 3,
    run: () => engine.registry.heartbeat(engine.registrations),
  };
  const commits: Chore = { name: 'Proving commits', every: 0, run: () => engine.commits.look() };
  if (options.dispatch === 'none')
    return [
      commits,
      { name: 'Reading the handler registry', every: 0, run: () => engine.registry.refresh() },
      heartbeat,
    ];
  let seen: Prospect | undefined;
  const lookOut = async () => {
    seen = undefined;
    seen = await look(engine);
  };
  return [
    { name: 'Looking for work', every: 0, run: lookOut },
    commits,
    heartbeat,
    { name: 'Fan-out', every: 0, run: async () => seen && fanOut(engine, seen) },
    { name: 'Rescue', every: options.worker.lease / 3, run: () => rescue(engine) },
    { name: 'Handler expiry', every: SUPERSEDED_AFTER, run: () => expire(engine) },
    { name: 'Cancellation', every: 0, run: () => engine.worker.heedCancellations() },
    { name: 'Buffer', every: 0, run: () => lookAfter(engine) },
    long('Suspects', async () => seen?.suspects && engine.worker.runSuspects()),
    long('Requested re-scan', async () => seen?.rescanRequested && rescanRequested(engine)),
    ...retentionChores(engine),
  ];
}

/** Gives back what is not to be run here, or not soon, or not known of; no statement tells what is due of ordered handlers. */
async function lookAfter({ worker, options, hasKeyedHandlers }: Housekeeping): Promise<void> {
  await worker.tidy();
  await worker.heedPauses();
  await worker.releaseStale(options.worker.lease / 3);
  if (hasKeyedHandlers) worker.wake();
}

/** The others go on meanwhile. */
function long(name: string, run: Chore['run']): Chore {
  return { name, every: 0, long: true, run };
}

/** Wakes the worker when something is due. */
async function look(engine: Housekeeping): Promise<Prospect> {
  const { registry, lookout } = engine;
  let seen = await lookout.outlook.look(engine.handlerIds);
  if (seen.registryVersion !== registry.currentVersion) {
    await registry.refresh();
    // This process's handlers may have got their ids, or be paused no more.
    seen = await lookout.outlook.look(engine.handlerIds);
  }
  lookout.polling.saw(seen.dueIn);
  return seen;
}

async function fanOut(engine: Housekeeping, { unreconciled }: Prospect): Promise<void> {
  if (!unreconciled && !isFilling(engine.registry)) return;
  const created = (await engine.fanOut.reconcile()) + (await engine.fanOut.continueFills());
  if (created > 0) engine.announce();
}

/** A backfill is under way. */
function isFilling({ known }: HandlerRegistry): boolean {
  return known.some(({ patterns }) => patterns.some(({ coverage }) => coverage.fill && coverage.active));
}

async function rescue(engine: Housekeeping): Promise<void> {
  const rescued = await engine.leases.rescue();
  if (rescued === 0) return;
  engine.logger.warn(`Took over ${rescued} deliveries from a process that died or lost its lease.`);
  engine.announce();
}

async function expire(engine: Housekeeping): Promise<void> {
  const gone = await engine.registry.expire(SUPERSEDED_AFTER, engine.options.handlerExpiry);
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
      (await engine.rescan.runRequested({ ignoreThrottle, signal: engine.stopping.signal })) !== undefined
    );
  } catch (error) {
    if (error instanceof RescanInProgressError) return false;
    throw error;
  }
}
