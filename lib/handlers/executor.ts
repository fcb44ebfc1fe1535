import { Logger } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { RecordedEvent } from '../core/event.js';
import { causesOf } from './causes.js';
import type { EntityLoader } from '../payload/entity-port.js';
import type { PayloadCodec } from '../payload/payload-codec.js';
import type { Database } from '../store/database.js';
import type { DeliveryQueue } from '../store/delivery-queue.js';
import { emissionContext } from '../store/emission-context.js';
import type { PoolGuard } from '../store/pool.js';
import { recordedEvent } from '../store/recorded-event.js';
import { type ClaimedDelivery, SUSPECT_RESCUES } from '../store/rows.js';
import type { Sql } from '../store/sql.js';
import type { TypeOrmEntities } from '../store/typeorm-entities.js';
import { HandlerTimeoutError, LeaseLostError, ProcessDiedError } from './errors.js';
import type { Handler } from './handler-set.js';
import { seal } from './seal.js';
import { type Outcome, settle, type Settlement } from './settlement.js';

/** Deadlocks and serialisation failures of a transactional handler that are run again without using up an attempt. */
const CONFLICT_RETRIES = 3;

export interface ExecutorParts {
  database: Database;
  queue: DeliveryQueue;
  codec: PayloadCodec;
  entities: TypeOrmEntities;
  pool: PoolGuard;
  random: () => number;
}

/** One start of a handler that can be stopped from outside. */
export interface Execution {
  readonly delivery: ClaimedDelivery;
  readonly handler: Handler;
  readonly workerId: number;
  /** Aborting it with an error ends the run with that error, whether the handler heeds its signal or not. */
  readonly controller: AbortController;
}

/** Runs one delivery's handler once and says what is to be done about the delivery. */
export class Executor {
  constructor(private readonly parts: ExecutorParts) {}

  async execute(execution: Execution): Promise<Settlement> {
    const { delivery, handler } = execution;
    if (delivery.rescues > SUSPECT_RESCUES && delivery.attempts > handler.retry.maxRetries) {
      return { kind: 'bury', error: new ProcessDiedError(delivery.rescues) };
    }
    const outcome = await this.attempt(execution);
    const { transactional, retry } = handler;
    return settle(outcome, { retry, transactional, attempts: delivery.attempts, random: this.parts.random });
  }

  private async attempt(execution: Execution): Promise<Outcome> {
    try {
      await (execution.handler.transactional ? this.runInTransaction(execution) : this.run(execution));
      return { ok: true };
    } catch (error) {
      return { ok: false, error };
    }
  }

  private async run(execution: Execution): Promise<void> {
    const { database, entities } = this.parts;
    const { relations } = execution.handler;
    // A connection is taken only when the event refers to entities.
    const loader: EntityLoader = (references) =>
      database.run((sql) => entities.loader(sql.runner.manager, relations)(references));
    await inTime(execution, () => this.handle(execution, loader, database.dataSource.manager));
  }

  /** The handler's writes and the mark of its success commit together, or not at all. */
  private async runInTransaction(execution: Execution): Promise<void> {
    for (let conflicts = 0; ; conflicts++) {
      try {
        return await this.transaction(execution);
      } catch (error) {
        if (conflicts >= CONFLICT_RETRIES || !this.isConflict(error) || execution.controller.signal.aborted)
          throw error;
      }
    }
  }

  private transaction(execution: Execution): Promise<void> {
    let begun = false;
    const done = this.parts.database.transactionOnce((sql) => {
      begun = true;
      return this.handleAndComplete(execution, sql);
    });
    // Once begun it ends by itself, by rolling back; before that it may be waiting for a connection for long.
    return orAborted(done, execution.controller.signal, () => !begun);
  }

  private async handleAndComplete(execution: Execution, sql: Sql): Promise<void> {
    const { delivery, workerId, handler } = execution;
    const { manager } = sql.runner;
    const loader = this.parts.entities.loader(manager, handler.relations);
    try {
      // Waiting for a connection is not the handler's time: it starts here.
      await inTime(execution, () => this.handle(execution, loader, manager));
      if (!(await this.parts.queue.completeIn(sql, workerId, delivery))) throw new LeaseLostError();
    } catch (error) {
      seal(sql.runner, error);
      throw error;
    }
  }

  private async handle(execution: Execution, loader: EntityLoader, manager: EntityManager): Promise<void> {
    await this.call(execution, await this.decode(execution, loader), manager);
  }

  private async decode({ delivery, handler }: Execution, loader: EntityLoader): Promise<RecordedEvent> {
    const { event } = delivery;
    const { missingEntity } = handler;
    const stored = { text: event.payload, bytes: event.payloadBytes, encoding: event.encoding };
    const data = await this.parts.codec.decode(stored, loader, missingEntity ? { missingEntity } : {});
    return recordedEvent(event, data);
  }

  private async call(execution: Execution, event: RecordedEvent, manager: EntityManager): Promise<void> {
    const { handler, delivery, controller } = execution;
    const { signal } = controller;
    signal.throwIfAborted();
    const context = Object.freeze({
      attempt: delivery.starts + delivery.rescues + 1,
      handler: handler.name,
      manager,
      signal,
      logger: new Logger(handler.name),
    });
    const cause = { key: event.key, correlationId: event.metadata.correlationId };
    const call = async () => handler.call(event, context);
    await emissionContext.run(cause, () =>
      handler.transactional ? this.parts.pool.whileHolding(call) : call(),
    );
  }

  private isConflict(error: unknown): boolean {
    const { dialect } = this.parts.database;
    return causesOf(error).some((cause) => dialect.failure(cause) === 'conflict');
  }
}

/** Aborts the run when `work` takes longer than the handler's timeout. */
async function inTime({ handler, controller }: Execution, work: () => Promise<void>): Promise<void> {
  const { name, timeout } = handler;
  const timer = setTimeout(() => controller.abort(new HandlerTimeoutError(name, timeout)), timeout);
  try {
    controller.signal.throwIfAborted();
    await orAborted(work(), controller.signal);
  } finally {
    clearTimeout(timer);
  }
}

/** What the promise comes to, or the reason of the abort when that is first and `stop` agrees. */
function orAborted<T>(promise: Promise<T>, signal: AbortSignal, stop = () => true): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => stop() && reject(signal.reason as Error);
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
