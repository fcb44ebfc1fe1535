import { setTimeout as wait } from 'node:timers/promises';
import type { INestApplicationContext } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import { EventSourcingError, InvalidOptionError } from '../core/errors.js';
import { describe } from '../core/describe.js';
import { rescanRequested } from '../module/chores.js';
import type { Engine } from '../module/engine.js';
import { enginesOf } from '../module/lifecycle.js';
import type { FollowerStatus } from '../followers/follower-status.js';
import type { DeliveryView } from '../store/views/delivery-queries.js';
import { FixedClock } from './fixed-clock.js';

/** Milliseconds. */
const UNDECIDED_LIMIT = 2000;

/** Deliveries died, or followers stopped, while `drain` ran them. */
export class DrainFailedError extends EventSourcingError {
  readonly code = 'DRAIN_FAILED';

  constructor(
    readonly dead: readonly DeliveryView[],
    /** Followers that have stopped. */
    readonly stopped: readonly FollowerStatus[] = [],
  ) {
    const list = dead.map(
      ({ handler, key, error }) => `- ${handler} for event ${key}: ${error ?? 'no error was kept'}`,
    );
    const followers = stopped.map(
      ({ name, failure }) =>
        `- ${name} at position ${failure?.position}: ${failure?.error ?? 'no error was kept'}`,
    );
    const parts = [
      ...(dead.length > 0 || stopped.length === 0 ? [`${dead.length} deliveries died:`, ...list] : []),
      ...(stopped.length > 0 ? [`${stopped.length} followers have stopped:`, ...followers] : []),
    ];
    super(parts.join('\n'));
  }
}

export interface DrainOptions {
  /** Move the application's `FixedClock` on to each next retry or delayed delivery, until none is left. Default false. */
  retries?: boolean;
}

/**
 * Runs what is due, and what that causes, also where `dispatch` is `'none'`; resolves when nothing is due or running.
 * Re-scans that bulk writes asked for are run too. Followers of the application
 * are brought up to where the log is decided. Throws `DrainFailedError` when a delivery died, or a follower has stopped.
 */
export async function drain(app: INestApplicationContext, options: DrainOptions = {}): Promise<void> {
  for (const engine of enginesOf(app.get(DiscoveryService, { strict: false })))
    await drainEngine(engine, options);
}

async function drainEngine(engine: Engine, { retries = false }: DrainOptions): Promise<void> {
  const before = new Set((await deadOf(engine)).map(idOf));
  const stoppedBefore = new Set((await stoppedOf(engine)).map(({ name }) => name));
  await decided(engine);
  while ((await runRound(engine)) || (retries && (await moveOn(engine))));
  const died = (await deadOf(engine)).filter((delivery) => !before.has(idOf(delivery)));
  const stopped = (await stoppedOf(engine)).filter(({ name }) => !stoppedBefore.has(name));
  if (died.length + stopped.length > 0) throw new DrainFailedError(died, stopped);
}

/**
 * Waits, briefly, until what is in the log is decided: other transactions of the database server, though they have
 * nothing to do with the log, keep fan-out from passing over it.
 */
async function decided({ parts: { database, horizon } }: Engine): Promise<void> {
  const statement = `SELECT max(position) AS position FROM ${database.tables.event}`;
  const last = Number((await database.run((sql) => sql.row(statement)))?.position ?? 0);
  const deadline = performance.now() + UNDECIDED_LIMIT;
  while ((await horizon.advance()) < last && performance.now() < deadline) await wait(20);
}

/** True when something was done, so that there may be more. */
async function runRound(engine: Engine): Promise<boolean> {
  const { registry, leases, fanOut, worker, handlers } = engine.parts;
  await registry.refresh();
  await leases.rescue();
  const created = (await fanOut.reconcile()) + (await fanOut.continueFills());
  const scanned = await rescanRequested(engine, true);
  const ran = await worker.runDue();
  await worker.idle();
  const followed = await runFollowers(engine);
  if (created > 0 || scanned || ran > 0 || followed > 0) return true;
  const handler = handlers.all.map(({ name }) => name);
  const { running } = await engine.deliveries.counts({ status: 'running', handler });
  // Another process runs them: nothing here can tell when they are done.
  if (running !== 0) await wait(20);
  return running !== 0;
}

/** What followers collect in turn has to be decided, too. */
async function runFollowers(engine: Engine): Promise<number> {
  const { followers, followerSet } = engine.parts;
  if (followerSet.size === 0) return 0;
  await decided(engine);
  return followers.runDue();
}

async function stoppedOf({ parts: { followers, followerSet } }: Engine): Promise<FollowerStatus[]> {
  if (followerSet.size === 0) return [];
  const own = (await followers.list()).filter(({ name }) => followerSet.find(name));
  return own.filter(({ state }) => state === 'stopped');
}

/** Moves the clock on to what is due next; false when nothing is. */
async function moveOn(engine: Engine): Promise<boolean> {
  const { clock } = engine.options;
  if (!(clock instanceof FixedClock)) {
    throw new InvalidOptionError(
      'retries',
      'used with forRoot({ clock: new FixedClock(…) })',
      describe(clock),
      'drain',
    );
  }
  // What is due by now and was not run waits for another of its order key.
  const { handlerIds } = engine;
  const now = clock.now().getTime();
  const deliveries = await engine.parts.queries.nextDue(handlerIds, now);
  const waits = await retriesOf(engine);
  const next = [...(deliveries === undefined ? [] : [deliveries]), ...waits.map((wait) => now + wait)];
  if (next.length === 0) return false;
  clock.set(Math.min(...next));
  return true;
}

/** Milliseconds until each retry of a follower. */
async function retriesOf({ parts: { followerSet, followerTable } }: Engine): Promise<number[]> {
  const rows = (await followerTable.look(followerSet.all)).filter(
    ({ isPaused, isStopped }) => !isPaused && !isStopped,
  );
  const waits = rows.flatMap(({ failure, parkedDueIn }) => [failure?.retryIn ?? 0, parkedDueIn ?? 0]);
  return waits.filter((wait) => wait > 0);
}

async function deadOf(engine: Engine): Promise<DeliveryView[]> {
  const dead: DeliveryView[] = [];
  for (let after: string | undefined; ;) {
    const page = await engine.deliveries.list(
      { status: 'dead' },
      { limit: 1000, ...(after ? { after } : {}) },
    );
    dead.push(...page.items);
    if (page.next === undefined) return dead;
    after = page.next;
  }
}

function idOf({ handler, position }: DeliveryView): string {
  return `${position} ${handler}`;
}
