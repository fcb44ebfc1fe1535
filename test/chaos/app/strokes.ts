import { randomUUID } from 'node:crypto';
import type { AggregateRepository } from 'nestjs-once';
import type { EntityManager } from 'typeorm';
import { Stroke } from './entities.js';
import { BESIDE_A_ROW } from './plan.js';
import { Tally } from './tally.js';

/** A new mark, whose row says in the end whether the transaction was committed that saved its tally. */
export function newStroke(tally: string): Stroke {
  return Object.assign(new Stroke(), { id: `${BESIDE_A_ROW}${randomUUID()}`, tally });
}

/** Marks a tally in the transaction, beside the row. */
export async function markBeside(
  tallies: AggregateRepository<Tally>,
  id: string,
  manager: EntityManager,
): Promise<void> {
  const stroke = newStroke(id);
  await manager.insert(Stroke, stroke);
  const tally = await loaded(tallies, id, manager);
  tally.add(stroke.id);
  await tallies.save([tally], { manager });
}

/** As it is, or a new one. */
export async function loaded(
  tallies: AggregateRepository<Tally>,
  id: string,
  manager?: EntityManager,
): Promise<Tally> {
  return (await tallies.find(id, { ...(manager ? { manager } : {}) })) ?? new Tally(id);
}
