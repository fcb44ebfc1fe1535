import type { Chore } from '../handlers/upkeep.js';
import { RescanInProgressError } from '../sources/rescan/errors.js';
import type { Worker } from '../handlers/worker.js';
import type { Rescan } from '../sources/rescan/rescan.js';
import type { FanOut } from '../store/fan-out.js';
import type { HandlerRegistration, HandlerRegistry } from '../store/handler-registry.js';
import type { WorkerLeases } from '../store/worker-leases.js';
import type { ResolvedOptions } from './options.js';

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
  readonly worker: Worker;
  readonly rescan: Rescan;
  readonly logger: Pick<Console, 'warn'>;
  readonly stopping: AbortController;
  wake(): void;
}

/** What a process does besides handling, over and over; a process that only records does the first two. */
export function choresOf(engine: Housekeeping): Chore[] {
  const { options } = engine;
  const recording: Chore[] = [
    { name: 'Reading the handler registry', every: 0, run: () => engine.registry.refresh() },
    {
      name: 'Handler heartbeat',
      every: SUPERSEDED_AFTER / 3,
      run: () => engine.registry.heartbeat(engine.registrations),
    },
  ];
  if (options.dispatch === 'none') return recording;
  return [
    ...recording,
    { name: 'Fan-out', every: 0, run: () => fanOut(engine) },
    { name: 'Rescue', every: options.worker.lease / 3, run: () => rescue(engine) },
    { name: 'Handler expiry', every: SUPERSEDED_AFTER, run: () => expire(engine) },
    { name: 'Cancellation', every: 0, run: () => engine.worker.heedCancellations() },
    { name: 'Buffer', every: 0, run: () => engine.worker.releaseStale(options.worker.lease / 3) },
    { name: 'Suspects', every: 0, long: true, run: () => engine.worker.runSuspects() },
    { name: 'Requested re-scan', every: 0, long: true, run: () => rescanRequested(engine) },
    { name: 'Polling', every: 0, run: async () => engine.wake() },
  ];
}

async function fanOut(engine: Housekeeping): Promise<void> {
  const created = (await engine.fanOut.reconcile()) + (await engine.fanOut.continueFills());
  if (created > 0) engine.wake();
}

async function rescue(engine: Housekeeping): Promise<void> {
  const rescued = await engine.leases.rescue();
  if (rescued === 0) return;
  engine.logger.warn(`Took over ${rescued} deliveries from a process that died or lost its lease.`);
  engine.wake();
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
