import { Logger } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { RecordedEvent } from '../core/event.js';
import type { EntityLoader } from '../payload/entity-port.js';
import type { PayloadCodec } from '../payload/payload-codec.js';
import type { Database } from '../store/database.js';
import type { DeliveryQueue } from '../store/delivery-queue.js';
import { emissionContext } from '../store/emission-context.js';
import type { PoolGuard } from '../store/pool.js';
import { recordedEvent } from '../store/recorded-event.js';
import type { ClaimedDelivery } from '../store/rows.js';
import type { Sql } from '../store/sql.js';
import type { TypeOrmEntities } from '../store/typeorm-entities.js';
import { HandlerTimeoutError, LeaseLostError, ProcessDiedError } from './errors.js';
import type { Handler } from './handler-set.js';
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
    if (delivery.attempts > handler.retry.maxRetries) {
      return { kind: 'bury', error: new ProcessDiedError(delivery.rescues) };
    }
    const outcome = await this.attempt(execution);
    const { transactional, retry } = handler;
    return settle(outcome, { retry, transactional, attempts: delivery.attempts, random: this.parts.random });
  }

  private async attempt(execution: Execution): Promise<Outcome> {
    const timer = this.startTimeout(execution);
    try {
      await (execution.handler.transactional ? this.runInTransaction(execution) : this.run(execution));
      return { ok: true };
    } catch (error) {
      return { ok: false, error };
    } finally {
      clearTimeout(timer);
    }
  }

  private startTimeout({ handler, controller }: Execution): NodeJS.Timeout {
    const { name, timeout } = handler;
    return setTimeout(() => controller.abort(new HandlerTimeoutError(name, timeout)), timeout);
  }

  private async run(execution: Execution): Promise<void> {
    const { database, entities } = this.parts;
    const { relations } = execution.handler;
    // A connection is taken only when the event refers to entities.
    const loader: EntityLoader = (references) =>
      database.run((sql) => entities.loader(sql.runner.manager, relations)(references));
    const event = await this.decode(execution, loader);
    await this.call(execution, event, database.dataSource.manager);
  }

  /** The handler's writes and the mark of its success commit together, or not at all. */
  private async runInTransaction(execution: Execution): Promise<void> {
    for (let conflicts = 0; ; conflicts++) {
      try {
        return await this.parts.database.transactionOnce((sql) => this.handleAndComplete(execution, sql));
      } catch (error) {
        if (conflicts >= CONFLICT_RETRIES || !this.isConflict(error) || execution.controller.signal.aborted) throw error;
      }
    }
  }

  private async handleAndComplete(execution: Execution, sql: Sql): Promise<void> {
    const { delivery, workerId } = execution;
    const { manager } = sql.runner;
    const loader = this.parts.entities.loader(manager, execution.handler.relations);
    await this.call(execution, await this.decode(execution, loader), manager);
    if (!(await this.parts.queue.completeIn(sql, workerId, delivery))) throw new LeaseLostError();
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
      attempt: delivery.attempts + delivery.rescues + 1,
      handler: handler.name,
      manager,
      signal,
      logger: new Logger(handler.name),
    });
    const cause = { key: event.key, correlationId: event.metadata.correlationId };
    const call = async () => handler.call(event, context);
    const handled = emissionContext.run(cause, () => (handler.transactional ? this.parts.pool.whileHolding(call) : call()));
    await orAborted(handled, signal);
  }

  private isConflict(error: unknown): boolean {
    const { dialect } = this.parts.database;
    for (let cause = error; cause instanceof Error; cause = cause.cause) {
      if (dialect.failure(cause) === 'conflict') return true;
    }
    return false;
  }
}

/** What the promise comes to, or the reason of the abort when that is first. */
function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason as Error);
    signal.addEventListener('abort', abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
