import { setTimeout as wait } from 'node:timers/promises';
import type { INestApplicationContext } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import { EventSourcingError, InvalidOptionError } from '../core/errors.js';
import { describe } from '../core/describe.js';
import { rescanRequested } from '../module/chores.js';
import type { Engine } from '../module/engine.js';
import { enginesOf } from '../module/lifecycle.js';
import type { DeliveryView } from '../store/views/delivery-queries.js';
import { FixedClock } from './fixed-clock.js';

/** Milliseconds. */
const UNDECIDED_LIMIT = 2000;

/** Deliveries died while `drain` ran them. */
export class DrainFailedError extends EventSourcingError {
  readonly code = 'DRAIN_FAILED';

  constructor(readonly dead: readonly DeliveryView[]) {
    const list = dead.map(
      ({ handler, key, error }) => `- ${handler} for event ${key}: ${error ?? 'no error was kept'}`,
    );
    super(`${dead.length} deliveries died:\n${list.join('\n')}`);
  }
}

export interface DrainOptions {
  /** Move the application's `FixedClock` on to each next retry or delayed delivery, until none is left. Default false. */
  retries?: boolean;
}

/**
 * Runs what is due, and what that causes, also where `dispatch` is `'none'`; resolves when nothing is due or running.
 * Re-scans that bulk writes asked for are run too. Throws `DrainFailedError` when a delivery died.
 */
export async function drain(app: INestApplicationContext, options: DrainOptions = {}): Promise<void> {
  for (const engine of enginesOf(app.get(DiscoveryService, { strict: false })))
    await drainEngine(engine, options);
}

async function drainEngine(engine: Engine, { retries = false }: DrainOptions): Promise<void> {
  const before = new Set((await deadOf(engine)).map(idOf));
  await decided(engine);
  while ((await runRound(engine)) || (retries && (await moveOn(engine))));
  const died = (await deadOf(engine)).filter((delivery) => !before.has(idOf(delivery)));
  if (died.length > 0) throw new DrainFailedError(died);
}

/**
 * Waits, briefly, until what is in the log is decided: other transactions of the database server, though they have
 * nothing to do with the log, keep fan-out from passing over it.
 */
async function decided({ database, horizon }: Engine): Promise<void> {
  const statement = `SELECT max(position) AS position FROM ${database.tables.event}`;
  const last = Number((await database.run((sql) => sql.row(statement)))?.position ?? 0);
  const deadline = performance.now() + UNDECIDED_LIMIT;
  while ((await horizon.advance()) < last && performance.now() < deadline) await wait(20);
}

/** True when something was done, so that there may be more. */
async function runRound(engine: Engine): Promise<boolean> {
  await engine.registry.refresh();
  await engine.leases.rescue();
  const created = (await engine.fanOut.reconcile()) + (await engine.fanOut.continueFills());
  const scanned = await rescanRequested(engine, true);
  const ran = await engine.worker.runDue();
  await engine.worker.idle();
  if (created > 0 || scanned || ran > 0) return true;
  const handler = engine.handlers.all.map(({ name }) => name);
  const { running } = await engine.deliveries.counts({ status: 'running', handler });
  // Another process runs them: nothing here can tell when they are done.
  if (running > 0) await wait(20);
  return running > 0;
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
  const handlerIds = engine.boundHandlers.map(({ id }) => id);
  const next = await engine.queries.nextDue(handlerIds, clock.now().getTime());
  if (next === undefined) return false;
  clock.set(next);
  return true;
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
