import { COMMIT_FAULTS } from '../app/commit-faults.js';
import { LEASE, MOST_VERSIONS } from '../app/plan.js';
import type { ChaosDatabase } from '../servers/chaos-database.js';
import type { Company } from './company.js';
import type { Observer } from './observer.js';

/** What the conductor does to the system from outside, at random moments. */
export const OUTSIDE_FAULTS = {
  'kill-worker': 'SIGKILL of a worker',
  'kill-producer': 'SIGKILL of a producer',
  terminate: 'SIGTERM of a worker under load',
  'new-version': 'A new version of a follower deployed, first to one worker',
  reset: 'A follower reset while it and others go on',
  suspend: 'A worker suspended for longer than its lease',
  sessions: 'All sessions of the database ended',
  restart: 'The database server crashed and started again',
} as const;

/** What the application does to itself, and what is wrong with its hosts: there all the time, or whenever a lot falls. */
export const INSIDE_FAULTS = {
  slow: 'A handler slower than its lease',
  block: 'An event loop blocked for longer than the lease',
  failing: 'A failing statement in a handler’s transaction',
  conflicts: 'Deadlocks and serialisation failures in handlers’ statements',
  clock: 'A worker on a host whose clock jumps',
  'pool-of-one': 'A worker with a pool of one connection',
  'slow-writer': 'A writer of aggregates that holds its transaction open for long',
  ...COMMIT_FAULTS,
} as const;

export type OutsideFault = keyof typeof OUTSIDE_FAULTS;
export type FaultName = OutsideFault | keyof typeof INSIDE_FAULTS;

export const FAULTS = { ...OUTSIDE_FAULTS, ...INSIDE_FAULTS };

/** How often each is chosen, relative to the others. */
const WEIGHTS: Record<OutsideFault, number> = {
  'kill-worker': 4,
  'kill-producer': 2,
  terminate: 3,
  'new-version': 2,
  reset: 2,
  suspend: 1,
  sessions: 2,
  restart: 1,
};

export interface FaultTargets {
  company: Company;
  database: ChaosDatabase;
  observer: Observer;
  random: () => number;
}

/** The faults of this list that this database has; the others are left out. */
export function possibleFaults(faults: readonly FaultName[], database: ChaosDatabase): FaultName[] {
  const impossible: FaultName[] = [];
  if (!database.crash) impossible.push('restart');
  // One connection, and one writer at a time: nothing to end, and nothing to deadlock with.
  if (!database.terminateSessions) {
    impossible.push('sessions', 'conflicts', 'pool-of-one', 'swallowed-deadlock', 'killed-commit');
  }
  return faults.filter((fault) => !impossible.includes(fault));
}

/** One of those that come from outside, by their weights; undefined where there are none. */
export function chooseFault(faults: readonly FaultName[], random: () => number): OutsideFault | undefined {
  const choices = (Object.keys(WEIGHTS) as OutsideFault[]).filter((fault) => faults.includes(fault));
  let lot = random() * choices.reduce((total, fault) => total + WEIGHTS[fault], 0);
  return choices.find((fault) => (lot -= WEIGHTS[fault]) < 0);
}

/** Makes the fault, and resolves when it is over; false when there was nobody to do it to. */
export async function makeFault(fault: OutsideFault, targets: FaultTargets): Promise<boolean> {
  const { company, database, observer, random } = targets;
  const role = fault === 'kill-producer' ? 'produce' : 'work';
  const candidates = company.ready(role);
  const victim = candidates[Math.floor(random() * candidates.length)];
  switch (fault) {
    case 'sessions':
      await observer.outage(() => database.terminateSessions!());
      return true;
    case 'restart':
      await observer.outage(() => database.crash!());
      return true;
    case 'new-version':
      if (!victim || company.version >= MOST_VERSIONS) return false;
      company.version++;
      await victim.terminate();
      break;
    case 'reset':
      return (await victim?.reset(random() < 0.5 ? 'witness' : 'reader')) ?? false;
    case 'suspend':
      await victim?.suspend(LEASE * (1.2 + random()));
      break;
    case 'terminate':
      await victim?.terminate();
      break;
    case 'kill-worker':
    case 'kill-producer':
      await victim?.kill();
      break;
  }
  return victim !== undefined;
}
