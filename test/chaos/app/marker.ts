import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { type AggregateRecordedEvent, type AggregateRepository, ConcurrencyError } from 'nestjs-once';
import type { DataSource, EntityManager } from 'typeorm';
import { Deed, Stroke } from './entities.js';
import { holdAtTimes } from './holding.js';
import type { Journal } from './journal.js';
import { onlyRollBack, RollBack, type Work } from './loop.js';
import { someOf, TALLIES, type TallyId } from './plan.js';
import type { ChaosSetup } from './setup.js';
import { loaded, newStroke } from './strokes.js';
import { Tally } from './tally.js';

export interface MarkerParts {
  setup: ChaosSetup;
  dataSource: DataSource;
  tallies: AggregateRepository<Tally>;
  journal: Journal;
  random: () => number;
}

/** Of transactions that save several tallies. */
const SLOW = 0.15;
const ROLLED_BACK = 0.3;

/** A tally with a mark that is pending, and the row of that mark. */
interface Marked {
  tally: Tally;
  stroke: Stroke;
}

/**
 * Marks the tallies that all processes share: one at a time, whose journal says what the save has told; or several in one
 * transaction beside rows, some of it slow, some of it rolled back, wholly or to a savepoint, and saved again.
 */
export class Marker implements Work {
  private readonly tallies: AggregateRepository<Tally>;
  private readonly random: () => number;

  constructor(private readonly parts: MarkerParts) {
    this.tallies = parts.tallies;
    this.random = parts.random;
  }

  next(): Promise<unknown> {
    const lot = this.random();
    if (lot < 0.45) return this.update();
    if (lot < 0.6) return this.saveStale();
    return this.several();
  }

  /** What a save has told stands in the journal; of the others nobody knows. */
  failed(): void {}

  /** In no transaction of the application's: tried again where others were quicker. */
  private async update(): Promise<void> {
    const id = this.tally();
    const mark = randomUUID();
    await this.told([mark], async () => {
      if (!(await this.tallies.has(id))) return this.tallies.save(marked(new Tally(id), [mark]));
      await this.tallies.update(id, (tally) => tally.add(mark));
      return undefined;
    });
  }

  /** Two marks on what was loaded a moment ago: where others were quicker, none of them is recorded. */
  private async saveStale(): Promise<void> {
    const tally = await loaded(this.tallies, this.tally());
    const marks = [randomUUID(), randomUUID()];
    await wait(10 * this.random());
    await this.told(marks, () => this.tallies.save(marked(tally, marks)));
  }

  private async told(
    marks: readonly string[],
    save: () => Promise<readonly AggregateRecordedEvent[] | undefined>,
  ): Promise<void> {
    const { journal } = this.parts;
    try {
      const recorded = await save();
      for (const [index, mark] of marks.entries()) {
        const { key, position } = recorded?.[index] ?? {};
        journal.note({ what: 'marked', mark, key, position });
      }
    } catch (error) {
      if (error instanceof ConcurrencyError)
        for (const mark of marks) journal.note({ what: 'refused', mark });
      throw error;
    }
  }

  /** A rollback gives the pending marks back: half of them are saved in another transaction then. */
  private async several(): Promise<void> {
    const all = await Promise.all(this.someTallies().map((id) => this.marked(id)));
    const { dataSource } = this.parts;
    try {
      await dataSource.transaction(async (manager) => {
        await this.write(all, manager);
        if (this.random() < ROLLED_BACK) throw new RollBack();
      });
    } catch (error) {
      onlyRollBack(error);
      if (this.random() < 0.5) await dataSource.transaction((manager) => this.write(all, manager));
    }
  }

  private async write(all: readonly Marked[], manager: EntityManager): Promise<void> {
    const [first, ...others] = all;
    await manager.save(Object.assign(new Deed(), { id: randomUUID(), kind: 'deed', orderKey: null }));
    await this.save([first!], manager);
    if (this.random() < 0.3)
      await manager.transaction((nested) => this.saveNested(others, nested)).catch(onlyRollBack);
    else if (this.random() < 0.5) await this.save(others, manager);
    // Against the order in which others may do it.
    else for (const one of others) await this.save([one], manager);
    await holdAtTimes(SLOW, this.parts);
  }

  private async saveNested(some: readonly Marked[], nested: EntityManager): Promise<void> {
    await this.save(some, nested);
    if (this.random() < 0.5) throw new RollBack();
  }

  private async save(some: readonly Marked[], manager: EntityManager): Promise<void> {
    if (some.length === 0) return;
    const strokes = some.map(({ stroke }) => stroke);
    await manager.insert(Stroke, strokes);
    const tallies = some.map(({ tally }) => tally);
    await this.tallies.save(tallies, { manager });
  }

  private async marked(id: TallyId): Promise<Marked> {
    const stroke = newStroke(id);
    return { tally: marked(await loaded(this.tallies, id), [stroke.id]), stroke };
  }

  private tally(): TallyId {
    return TALLIES[Math.floor(this.random() * TALLIES.length)]!;
  }

  /** One to three of them, in any order. */
  private someTallies(): TallyId[] {
    return someOf(TALLIES, 1 + Math.floor(3 * this.random()), this.random);
  }
}

function marked(tally: Tally, marks: readonly string[]): Tally {
  for (const mark of marks) tally.add(mark);
  return tally;
}
