import type { EntityManager } from 'typeorm';
import type { RecordedEvent } from '../../core/event.js';
import { type EventTypes, RefusedDataError } from '../../core/event-types.js';
import type { EntityLoader } from '../../payload/entity-port.js';
import type { PayloadCodec } from '../../payload/payload-codec.js';
import type { Database } from '../../store/db/database.js';
import type { DeliveryQueue } from '../../store/deliveries/delivery-queue.js';
import { emissionContext } from '../../store/commits/emission-context.js';
import { recordedEvent } from '../../store/log/recorded-event.js';
import { attemptOf, type ClaimedDelivery, SUSPECT_RESCUES } from '../../store/ports/rows.js';
import type { Sql } from '../../store/ports/sql.js';
import type { TypeOrmEntities } from '../../store/typeorm/typeorm-entities.js';
import { Abortable, outcomeOf } from './abortable.js';
import type { Cancellation } from '../../runtime/cancellation.js';
import { causesOf } from './causes.js';
import { LeaseLostError, ProcessDiedError } from '../errors.js';
import { HandlerRun } from './handler-run.js';
import type { Handler } from '../handler-set.js';
import { JointLoads } from './joint-loads.js';
import type { SealedRunners } from './sealed-runners.js';
import { NotAccepted, type Outcome, settle, type Settlement } from './settlement.js';
import { Timed } from './timed.js';

/** Deadlocks and serialisation failures of a transactional handler that are run again without using up an attempt. */
const CONFLICT_RETRIES = 3;

export interface ExecutorParts {
  database: Database;
  queue: DeliveryQueue;
  codec: PayloadCodec;
  entities: TypeOrmEntities;
  sealed: Pick<SealedRunners, 'seal'>;
  types: Pick<EventTypes, 'has' | 'restore'>;
  /** Whether the lease of this worker id may be another's by now. */
  hasLapsed: (workerId: number) => boolean;
  random: () => number;
}

/** One start of a handler that can be stopped from outside. */
export interface Execution {
  readonly delivery: ClaimedDelivery;
  readonly handler: Handler;
  readonly workerId: number;
  /** Ends the run with an error, whether the handler heeds its signal or not. */
  readonly cancellation: Cancellation;
  /** What the handler was given, once it was. */
  given?: RecordedEvent;
}

/** Runs one delivery's handler once and says what is to be done about the delivery. */
export class Executor {
  private readonly loads: JointLoads;

  constructor(private readonly parts: ExecutorParts) {
    this.loads = new JointLoads({
      loaderOf: (handler) => this.loaderOf(handler),
      keyOf: (reference) => parts.entities.keyOf(reference),
    });
  }

  /** Calls back once, and not before this has returned. */
  execute(execution: Execution, settled: (settlement: Settlement) => void): void {
    const { delivery, handler } = execution;
    if (delivery.rescues > SUSPECT_RESCUES && delivery.attempts > handler.retry.maxRetries) {
      const error = new ProcessDiedError(delivery.rescues);
      return queueMicrotask(() => settled({ kind: 'bury', error }));
    }
    const ended = (outcome: Outcome) => settled(this.settlement(execution, outcome));
    if (!handler.transactional) return this.run(execution, ended);
    this.runInTransaction(execution).then(
      () => ended({ ok: true }),
      (error: unknown) => ended({ ok: false, error }),
    );
  }

  private settlement({ handler, delivery, cancellation }: Execution, outcome: Outcome): Settlement {
    const { transactional, retry } = handler;
    const { attempts } = delivery;
    return settle(outcome, {
      retry,
      transactional,
      attempts,
      cancelledBy: cancellation.reason,
      random: this.parts.random,
    });
  }

  private run(execution: Execution, ended: (outcome: Outcome) => void): void {
    const { database, entities } = this.parts;
    const { handler } = execution;
    const loader = entities.shareRelated ? this.loaderOf(handler) : this.loads.loaderOf(handler);
    const { manager } = database.dataSource;
    new Timed(handler, execution.cancellation, ended).begin(() => this.handle(execution, loader, manager));
  }

  /** A connection is taken only when the event refers to entities. */
  private loaderOf({ relations }: Handler): EntityLoader {
    const { database, entities } = this.parts;
    return (references) => database.run((sql) => entities.loader(sql.runner.manager, relations)(references));
  }

  /** The handler's writes and the mark of its success commit together, or not at all. */
  private async runInTransaction(execution: Execution): Promise<void> {
    for (let conflicts = 0; ; conflicts++) {
      try {
        return await this.transaction(execution);
      } catch (error) {
        if (conflicts >= CONFLICT_RETRIES || !this.isConflict(error) || execution.cancellation.aborted)
          throw error;
      }
    }
  }

  private transaction(execution: Execution): Promise<void> {
    let begun = false;
    const done = this.parts.database.transactionOnce(
      (sql) => {
        begun = true;
        return this.handleAndComplete(execution, sql);
      },
      (runner, reason) => this.parts.sealed.seal(runner, reason),
    );
    // Once begun it ends by itself, by rolling back; before that it may be waiting for a connection for long.
    return outcomeOf((ended) => new Abortable(execution.cancellation, ended, () => !begun).begin(() => done));
  }

  private async handleAndComplete(execution: Execution, sql: Sql): Promise<void> {
    const { delivery, workerId, handler } = execution;
    const { manager } = sql.runner;
    const loader = this.parts.entities.loader(manager, handler.relations);
    // Waiting for a connection is not the handler's time: it starts here.
    await outcomeOf((ended) =>
      new Timed(handler, execution.cancellation, ended).begin(() => this.handle(execution, loader, manager)),
    );
    if (!(await this.parts.queue.completeIn(sql, workerId, delivery))) endForLostLease(execution);
  }

  /** Waits only for what has to be waited for: a promise costs about as much as a quick handler. */
  private handle(execution: Execution, loader: EntityLoader, manager: EntityManager): unknown {
    const data = this.decode(execution, loader);
    return data instanceof Promise || this.parts.types.has(execution.delivery.event.group)
      ? this.restoreAndCall(execution, data, manager)
      : this.call(execution, data, manager);
  }

  private async restoreAndCall(execution: Execution, data: unknown, manager: EntityManager): Promise<void> {
    const { group } = execution.delivery.event;
    const decoded = await data;
    const isTyped = this.parts.types.has(group);
    await this.call(execution, isTyped ? await this.restore(group, decoded) : decoded, manager);
  }

  private call(execution: Execution, data: unknown, manager: EntityManager): unknown {
    const { handler, delivery, cancellation } = execution;
    cancellation.throwIfAborted();
    if (this.parts.hasLapsed(execution.workerId)) endForLostLease(execution);
    const event = recordedEvent(delivery.event, data);
    execution.given = event;
    const context = new HandlerRun(handler.name, attemptOf(delivery), manager, cancellation);
    return this.inContext(handler, event, () => handler.call(event, context));
  }

  private decode({ delivery, handler }: Execution, loader: EntityLoader): unknown {
    const { event } = delivery;
    const { missingEntity } = handler;
    const stored = { text: event.payload, bytes: event.payloadBytes, encoding: event.encoding };
    return this.parts.codec.decoded(stored, loader, missingEntity);
  }

  /** What an event's class does not accept any more comes to no handler. */
  private async restore(group: string, data: unknown): Promise<unknown> {
    try {
      return await this.parts.types.restore(group, data);
    } catch (error) {
      throw error instanceof RefusedDataError ? new NotAccepted(error) : error;
    }
  }

  /** What the handler emits names its cause; a transactional one holds a connection. */
  private inContext(handler: Handler, { key, metadata }: RecordedEvent, call: () => unknown): unknown {
    const cause = { key, correlationId: metadata.correlationId };
    return emissionContext.run(cause, () =>
      handler.transactional ? this.parts.database.pool.whileHolding(call) : call(),
    );
  }

  private isConflict(error: unknown): boolean {
    return causesOf(error).some((cause) => this.parts.database.isConflict(cause));
  }
}

/** Throws the reason for which the run ended: this, unless there was one before. */
function endForLostLease({ cancellation }: Execution): void {
  cancellation.abort(new LeaseLostError());
  cancellation.throwIfAborted();
}
