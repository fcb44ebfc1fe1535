import { strict as assert } from 'node:assert';
import type { Clock } from '../../core/clock.js';
import type { Database } from '../../store/db/database.js';
import { Promotion } from '../../store/deliveries/promotion.js';
import type { HandlerTarget } from '../../store/ports/rows.js';
import type { Sql } from '../../store/ports/sql.js';
import { eventRow, type LogBench, positionsOf } from './log-bench.js';

/** Milliseconds that one waits for another. */
export const LEASE = 30_000;

/** New handlers of these ranks, with what they wait. */
export async function targetsOf(
  bench: LogBench,
  ranks: readonly number[],
  lease = LEASE,
): Promise<HandlerTarget[]> {
  const targets: HandlerTarget[] = [];
  for (const rank of ranks)
    targets.push({ id: await bench.handler(), rank, wait: rank < 1000 ? rank * lease : lease });
  return targets;
}

export async function events(
  bench: LogBench,
  handlers: readonly HandlerTarget[],
  count: number,
  clock: Clock,
): Promise<number[]> {
  const rows = Array.from({ length: count }, () => eventRow(bench.unique('ranked'), { handlers }));
  return positionsOf(await bench.append(rows, 0, clock));
}

/** The positions of what became due, in their order. */
export async function promote(
  bench: LogBench,
  targets: readonly HandlerTarget[],
  positions: readonly number[],
  clock?: Clock,
  lease = LEASE,
  number = 0,
): Promise<number[]> {
  const promotion = new Promotion(await bench.database(number, clock), lease);
  const ids = targets.map(({ id }) => id);
  const promoted = await promotion.promote(ids, positions);
  return promoted.map(({ position }) => position).sort((a, b) => a - b);
}

/** Handles these deliveries, which are due. */
export async function complete(
  bench: LogBench,
  { id }: HandlerTarget,
  positions: readonly number[],
  clock?: Clock,
): Promise<void> {
  const worker = await bench.worker();
  const queue = await bench.queue(0, clock);
  await queue.claim({
    workerId: worker,
    quotas: [{ handlerId: id, take: 1000 }],
    suspects: false,
    positions,
  });
  const ids = positions.map((position) => ({ handlerId: id, position }));
  assert.equal((await queue.complete(worker, ids)).length, positions.length);
}

/** The database, in which something happens before the first change on each connection. */
export function interrupted(database: Database, meanwhile: (sql: Sql) => Promise<void>): Database {
  const atomically: Database['atomically'] = (work) =>
    database.atomically((sql) => {
      const change: Sql['change'] = async (statement, parameters) => {
        await meanwhile(sql);
        return sql.change(statement, parameters);
      };
      return work(Object.create(sql, { change: { value: change } }) as Sql);
    });
  return Object.create(database, { atomically: { value: atomically } }) as Database;
}

export async function remove(
  bench: LogBench,
  { id }: HandlerTarget,
  positions: readonly number[],
): Promise<void> {
  const { tables } = await bench.database();
  const statement = `DELETE FROM ${tables.delivery} WHERE handler_id = ? AND position = ?`;
  for (const position of positions) await bench.run((sql) => sql.change(statement, [id, position]));
}

export async function dues(
  bench: LogBench,
  target: HandlerTarget,
  positions: readonly number[],
): Promise<number[]> {
  const found: number[] = [];
  for (const position of positions) found.push(Number((await row(bench, target, position))?.due_at));
  return found;
}

export function row(bench: LogBench, { id }: HandlerTarget, position: number) {
  return bench.delivery({ handlerId: id, position });
}
