import { within } from '../runtime/deadline.js';
import type { Engine } from '../module/engine.js';
import { backlogOf, deadOf } from '../store/views/backlog.js';

/** How one process is doing. Durations in milliseconds. */
export interface HealthFacts {
  /** Why the database does not answer; absent when it does. */
  database?: string;
  worker: 'running' | 'waiting for the database' | 'stopped' | 'not needed';
  /** Since the worker's lease was last known to be held; absent without one. */
  leaseAge?: number;
  /** Why the worker has no lease, so that it can claim nothing; absent where it has one, or needs none yet. */
  leaseMissing?: string;
  /** For which the oldest due delivery of this process's handlers has been waiting. */
  lag?: number;
  /** Parts of this process that cannot do their work now, each with the reason; absent when all can. */
  failing?: string[];
  /** Deliveries of this process's handlers that are not tried again; counted only when there is a limit. */
  dead?: number;
}

export interface HealthLimits {
  /** Milliseconds. */
  maxLag?: number;
  maxDead?: number;
  /** For the database to answer, in milliseconds. */
  timeout: number;
  /** How long the lease holds without a heartbeat, in milliseconds. */
  lease: number;
}

export async function healthFacts(engine: Engine, limits: HealthLimits): Promise<HealthFacts> {
  const { sinceExtended: leaseAge, missing: leaseMissing } = engine.parts.keeper;
  const asked = within(limits.timeout, figures(engine, limits));
  const failing = engine.services.flatMap(({ name, failure }) => (failure ? [`${name}: ${failure}`] : []));
  return {
    worker: workerOf(engine),
    ...(failing.length === 0 ? {} : { failing }),
    ...(leaseMissing === undefined ? {} : { leaseMissing }),
    ...(leaseAge === undefined ? {} : { leaseAge: Math.round(leaseAge) }),
    ...(await asked.catch((error: unknown) => ({ database: String(error) }))),
  };
}

/** What is wrong: nothing when the process is healthy. */
export function problemsOf(
  facts: HealthFacts,
  { maxLag, maxDead, lease }: Omit<HealthLimits, 'timeout'>,
): string[] {
  const { database, worker, leaseMissing, leaseAge = 0, lag = 0, dead = 0 } = facts;
  const isStopped = worker === 'stopped' || worker === 'waiting for the database';
  return [
    ...(database === undefined ? [] : [`The database does not answer: ${database}`]),
    ...(isStopped ? [`The worker is ${worker}`] : []),
    ...(leaseMissing === undefined ? [] : [`The worker has no lease: ${leaseMissing}`]),
    ...(leaseAge >= lease ? [`The last heartbeat was ${leaseAge} ms ago, the lease lasts ${lease} ms`] : []),
    ...(lag > (maxLag ?? Infinity)
      ? [`The oldest due delivery has been waiting for ${lag} ms, more than ${maxLag} ms`]
      : []),
    ...(dead > (maxDead ?? Infinity) ? [`${dead} deliveries are dead, more than ${maxDead}`] : []),
  ];
}

function workerOf({ options, parts: { worker, connectivity } }: Engine): HealthFacts['worker'] {
  if (options.dispatch !== 'background') return 'not needed';
  if (connectivity.isLost) return 'waiting for the database';
  return worker.isStopped ? 'stopped' : 'running';
}

async function figures(
  { parts }: Engine,
  { maxDead, timeout }: HealthLimits,
): Promise<{ lag: number; dead?: number }> {
  // A check that nobody waits for any more keeps no connection.
  const database = parts.database.answeringWithin(timeout);
  const handlers = parts.boundHandlers().map(({ id, handler }) => ({ id, name: handler.name }));
  const backlog = await backlogOf(database, handlers);
  // A process without handlers has to reach it, too.
  if (handlers.length === 0) await database.run((sql) => sql.rows('SELECT 1 AS one'));
  const lag = Math.max(0, ...backlog.map((each) => Math.round(each.lag)));
  if (maxDead === undefined) return { lag };
  const ids = handlers.map(({ id }) => id);
  return { lag, dead: await database.run((sql) => deadOf(database, sql, ids, maxDead + 1)) };
}
