import type { EntityManager, QueryRunner } from 'typeorm';
import type { EntityLoader } from '../../payload/entity-port.js';
import type { Database } from '../../store/db/database.js';
import type { DeliveryQueue } from '../../store/deliveries/delivery-queue.js';
import type { Sql } from '../../store/ports/sql.js';
import type { TypeOrmEntities } from '../../store/typeorm/typeorm-entities.js';
import type { Run } from '../claims/runs.js';
import { LeaseLostError } from '../errors.js';
import { Abortable, outcomeOf, Timed } from './abortable.js';
import { causesOf } from '../../core/causes.js';
import type { SealedRunners } from '../../store/db/sealed-runners.js';
import { NotBegun } from './settlement.js';

/** Deadlocks and serialisation failures after which a transactional handler is run again within its attempt. */
const CONFLICT_RETRIES = 3;

export interface TransactionParts {
  database: Database;
  queue: DeliveryQueue;
  entities: TypeOrmEntities;
  sealed: Pick<SealedRunners, 'seal' | 'guard' | 'failureOf'>;
}

type Work = (loader: EntityLoader, manager: EntityManager) => unknown;

/** Runs a transactional handler: its writes and the mark of its success commit together, or not at all. */
export async function inTransaction(run: Run, parts: TransactionParts, work: Work): Promise<void> {
  for (let conflicts = 0; ; conflicts++) {
    try {
      return await transaction(run, parts, work);
    } catch (error) {
      const isConflict = causesOf(error).some((cause) => parts.database.isConflict(cause));
      if (conflicts >= CONFLICT_RETRIES || !isConflict || run.cancellation.aborted) throw error;
    }
  }
}

function transaction(run: Run, parts: TransactionParts, work: Work): Promise<void> {
  let begun = false;
  const done = parts.database
    .transactionOnce(
      (sql) => {
        begun = true;
        return startAndComplete(run, parts, work, sql);
      },
      (runner, reason) => parts.sealed.seal(runner, reason),
    )
    .catch((error: unknown) => {
      throw begun ? error : new NotBegun(error);
    });
  // Once begun it ends by itself, by rolling back; before that it may be waiting for a connection for long.
  return outcomeOf((ended) => new Abortable(run.cancellation, ended, () => !begun).begin(() => done));
}

async function startAndComplete(run: Run, parts: TransactionParts, work: Work, sql: Sql): Promise<void> {
  const { delivery, workerId, handler, cancellation } = run;
  const { manager } = sql.runner;
  parts.sealed.guard(sql.runner, (error) => parts.database.isConflict(error));
  const loader = parts.entities.loader(manager, handler.relations);
  // Waiting for a connection is not the handler's time: it starts here.
  const held = () => parts.database.whileHolding(sql.runner, () => work(loader, manager));
  await outcomeOf((ended) => new Timed(handler, cancellation, ended).begin(held));
  assertNotUndone(sql.runner, parts);
  if (await parts.queue.completeIn(sql, workerId, delivery)) return;
  cancellation.abort(new LeaseLostError());
  cancellation.throwIfAborted();
}

/** A deadlock that the handler swallowed has undone what it wrote, on MariaDB and MySQL: the mark would be committed without that. */
function assertNotUndone(runner: QueryRunner, { sealed, database }: TransactionParts): void {
  const failure = sealed.failureOf(runner);
  if (failure && database.isConflict(failure.error)) throw failure.error;
}
