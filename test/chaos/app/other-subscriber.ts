import { setTimeout as wait } from 'node:timers/promises';
import {
  type EntitySubscriberInterface,
  EventSubscriber,
  type InsertEvent,
  type QueryRunner,
  type TransactionCommitEvent,
} from 'typeorm';

/** What the subscriber is to do in a transaction. */
export type Meddling =
  | 'swallow after the insert'
  /** When other subscribers have been told that the commit comes, and have asked what they had to ask. */
  | 'swallow before the commit'
  | 'throw after the commit';

/** For `SaveOptions.data`, or for `data` of a query runner; `made` is told when the subscriber does it. */
export function meddling(what: Meddling, made: () => void): { meddling: Order } {
  return { meddling: { what, made } };
}

interface Order {
  what: Meddling;
  made: () => void;
}

/** Milliseconds. */
const LATE = 5;

/** A subscriber of the application's own, told of everything before the engine's subscribers are: it was there earlier. */
@EventSubscriber()
export class OtherSubscriber implements EntitySubscriberInterface {
  async afterInsert({ queryRunner }: InsertEvent<unknown>): Promise<void> {
    if (takes(queryRunner, 'swallow after the insert')) await failUnheard(queryRunner);
  }

  async beforeTransactionCommit({ queryRunner }: TransactionCommitEvent): Promise<void> {
    if (!takes(queryRunner, 'swallow before the commit')) return;
    await wait(LATE);
    await failUnheard(queryRunner);
  }

  /** Throws at once, so that whoever comes later in the list is not called. */
  afterTransactionCommit({ queryRunner }: TransactionCommitEvent): void {
    if (takes(queryRunner, 'throw after the commit')) throw new Error('another subscriber throws');
  }
}

/** Sends a statement that fails, and goes on as if nothing had happened. PostgreSQL has given up the transaction then. */
export async function failUnheard(runner: Pick<QueryRunner, 'query'>): Promise<void> {
  await runner.query('SELECT * FROM chaos_there_is_no_such_table').catch(() => undefined);
}

/** Once only: on SQLite a query runner may be used again. */
function takes({ data }: QueryRunner, what: Meddling): boolean {
  const { meddling: order } = data as { meddling?: Order };
  if (order?.what !== what) return false;
  Reflect.deleteProperty(data, 'meddling');
  order.made();
  return true;
}
