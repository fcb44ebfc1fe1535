import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { Inject, Injectable } from '@nestjs/common';
import {
  type AggregateRepository,
  EventHandler,
  type HandlerContext,
  InjectAggregates,
  ModelEventSource,
  type RecordedEvent,
} from 'nestjs-once';
import type { EntityManager } from 'typeorm';
import { Account, Deed, Effect } from './entities.js';
import { Journal } from './journal.js';
import { type HandlerName, HANDLERS, LEASE, lotOf, PLANS, TALLIES } from './plan.js';
import type { ChaosSetup } from './setup.js';
import { markBeside } from './strokes.js';
import { Tally } from './tally.js';

export const SETUP = Symbol('setup');

/** Never used up: what is not meant to die has to succeed in the end, whatever else fails meanwhile. */
export const PATIENT = { maxRetries: 10_000, interval: 50, backoff: 1.5, maxInterval: 1000 };
const IMPATIENT = { maxRetries: 2, interval: 50, backoff: 1 };

/** The decorator, from the plan. */
function Handle(name: HandlerName) {
  const { groups, kind, ends, ordered = false } = PLANS[name]!;
  return EventHandler(new RegExp(`^(${groups.join('|').replaceAll('.', '\\.')})$`), {
    name,
    transactional: kind === 'transactional',
    retry: ends === 'dead' ? IMPATIENT : PATIENT,
    ...(ordered ? { ordered } : {}),
  });
}

@Injectable()
export class Sources {
  @ModelEventSource(Deed)
  *events({ id, kind, orderKey }: Deed) {
    const event = { group: kind, key: `${kind}_${id}`, data: { id } };
    yield orderKey === null ? event : { ...event, orderKey };
  }
}

@Injectable()
export class Handlers {
  constructor(
    private readonly journal: Journal,
    @Inject(SETUP) private readonly setup: ChaosSetup,
    @InjectAggregates(Tally) private readonly tallies: AggregateRepository<Tally>,
  ) {}

  @Handle('book')
  book({ key, position }: RecordedEvent, context: HandlerContext) {
    return this.noted('book', { key, position }, context, async () => {
      const { manager, attempt } = context;
      await manager.insert(Effect, { handler: 'book', eventKey: key });
      // Long enough to be in the middle of it when something happens to the process.
      await wait(40 * lotOf(`${key} takes`));
      if (attempt === 1 && this.makes('failing')) await this.failSometimes(key, manager);
    });
  }

  @Handle('notify')
  notify({ key, position }: RecordedEvent, context: HandlerContext) {
    return this.noted('notify', { key, position }, context, () => wait(20 * lotOf(`${key} takes`)));
  }

  @Handle('flaky')
  flaky({ key, position }: RecordedEvent, context: HandlerContext) {
    return this.noted('flaky', { key, position }, context, async () => {
      await wait(5 * lotOf(`${key} takes`));
      if (context.attempt <= Math.floor(4 * lotOf(`${key} fails`))) throw new Error('flaky');
    });
  }

  @Handle('follow')
  follow({ key, position }: RecordedEvent, context: HandlerContext) {
    return this.noted('follow', { key, position }, context, async () => {
      await context.manager.insert(Effect, { handler: 'follow', eventKey: key });
      if (context.attempt === 1 && lotOf(`${key} follows`) < 0.1)
        throw new Error('a retrying one holds its key back');
    });
  }

  @Handle('rival')
  rival({ key, position }: RecordedEvent, context: HandlerContext) {
    return this.noted('rival', { key, position }, context, async () => {
      await this.updateBoth(key, context.manager).catch((error: unknown) => {
        this.journal.note({ what: 'made', fault: 'conflicts' });
        throw error;
      });
      await context.manager.insert(Effect, { handler: 'rival', eventKey: key });
    });
  }

  @Handle('echo')
  echo({ key, position }: RecordedEvent, context: HandlerContext) {
    return this.noted('echo', { key, position }, context, async () => {
      const { manager } = context;
      await manager.insert(Effect, { handler: 'echo', eventKey: key });
      await manager.save(Object.assign(new Deed(), { id: randomUUID(), kind: 'echo', orderKey: null }));
      if (lotOf(`${key} echo ${context.attempt}`) < 0.1) throw new Error('nothing of this may stay');
    });
  }

  @Handle('tally')
  tally({ key, position }: RecordedEvent, context: HandlerContext) {
    return this.noted('tally', { key, position }, context, async () => {
      const { manager, attempt } = context;
      await manager.insert(Effect, { handler: 'tally', eventKey: key });
      const id = TALLIES[Math.floor(lotOf(`${key} tally ${attempt}`) * TALLIES.length)]!;
      await markBeside(this.tallies, id, manager);
      if (attempt === 1 && lotOf(`${key} tallies`) < 0.2) throw new Error('nothing of this may stay');
    });
  }

  @Handle('slow')
  slow({ key, position }: RecordedEvent, context: HandlerContext) {
    return this.noted('slow', { key, position }, context, () => {
      this.journal.note({ what: 'made', fault: 'slow' });
      return wait(1.6 * LEASE);
    });
  }

  @Handle('block')
  block({ key, position }: RecordedEvent, context: HandlerContext) {
    return this.noted('block', { key, position }, context, async () => {
      if (context.attempt > 1) return;
      this.journal.note({ what: 'made', fault: 'block' });
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1.4 * LEASE);
    });
  }

  @Handle('doomed')
  doomed({ key, position }: RecordedEvent, context: HandlerContext) {
    return this.noted('doomed', { key, position }, context, async () => {
      throw new Error('doomed');
    });
  }

  /** In one order or the other, so that two of them deadlock now and then. */
  private async updateBoth(key: string, manager: EntityManager): Promise<void> {
    const conflicts = this.makes('conflicts');
    const opposite = conflicts && lotOf(`${key} order`) < 0.25;
    if (conflicts && lotOf(`${key} isolation`) < 0.1) await isolate(manager);
    await manager.increment(Account, { id: opposite ? 2 : 1 }, 'balance', 1);
    if (conflicts) await wait(5);
    await manager.increment(Account, { id: opposite ? 1 : 2 }, 'balance', 1);
  }

  private makes(fault: string): boolean {
    return this.setup.faults.includes(fault);
  }

  /** One in ten fails with its own statement, one in ten tries to go on as if nothing had happened. */
  private async failSometimes(key: string, manager: EntityManager): Promise<void> {
    const lot = lotOf(`${key} statement`);
    if (lot > 0.2) return;
    this.journal.note({ what: 'made', fault: 'failing' });
    const failing = manager.query('SELECT * FROM chaos_there_is_no_such_table');
    await failing.catch((error: unknown) => {
      if (lot < 0.1) throw error;
    });
  }

  /** Notes that a handler was given an event, and of plain ones start and end; of the others the database is asked. */
  private async noted(
    handler: HandlerName,
    { key, position }: Pick<RecordedEvent, 'key' | 'position'>,
    { attempt, signal }: HandlerContext,
    work: () => Promise<unknown>,
  ): Promise<void> {
    this.journal.note({ what: 'handed', handler, key, position });
    if (HANDLERS[handler].kind === 'transactional') return void (await work());
    const run = this.journal.nextRun();
    this.journal.note({ what: 'start', run, handler, key, attempt });
    const aborted = () => this.journal.note({ what: 'aborted', run, reason: (signal.reason as Error).name });
    signal.addEventListener('abort', aborted, { once: true });
    try {
      await work();
      this.journal.note({ what: 'end', run, outcome: 'ok' });
    } catch (error) {
      this.journal.note({ what: 'end', run, outcome: 'failed' });
      throw error;
    } finally {
      signal.removeEventListener('abort', aborted);
    }
  }
}

/** Where the database lets a transaction that has begun raise its isolation. */
async function isolate(manager: EntityManager): Promise<void> {
  if (manager.connection.options.type !== 'postgres') return;
  await manager.query('SET TRANSACTION ISOLATION LEVEL REPEATABLE READ');
}
