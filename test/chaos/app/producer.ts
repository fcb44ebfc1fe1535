import { randomUUID } from 'node:crypto';
import type { AggregateRepository, EventLog } from 'nestjs-once';
import type { DataSource, EntityManager } from 'typeorm';
import { Deed, Entry } from './entities.js';
import { FalseCommits } from './false-commits.js';
import { holdAtTimes } from './holding.js';
import type { Journal } from './journal.js';
import { onlyRollBack, RollBack, type Work } from './loop.js';
import { someOf, TOPICS } from './plan.js';
import type { ChaosSetup } from './setup.js';
import type { Tally } from './tally.js';

export interface ProducerParts {
  setup: ChaosSetup;
  dataSource: DataSource;
  log: EventLog;
  tallies: AggregateRepository<Tally>;
  journal: Journal;
  random: () => number;
}

/** How many of its transactions do not end as TypeORM says they do: more until it has made each kind, since runs can be short. */
const FALSE_COMMITS = { atFirst: 0.75, later: 0.25 };

/** Of the transactions that append entries. */
const SLOW = 0.1;

/** Saves and appends, in transactions of which some roll back, wholly or to a savepoint. */
export class Producer implements Work {
  /** Of this process alone: what one process saves one after the other is in the order of its commits. */
  private orderKeys: string[] = [];

  private readonly falseCommits: FalseCommits;
  private readonly dataSource: DataSource;
  private readonly random: () => number;

  constructor(private readonly parts: ProducerParts) {
    const { dataSource, random, setup } = parts;
    this.dataSource = dataSource;
    this.random = random;
    this.falseCommits = new FalseCommits({ ...parts, faults: setup.faults });
    this.renewOrderKeys();
  }

  next(): Promise<unknown> {
    const { atFirst, later } = FALSE_COMMITS;
    const isFalse = this.random() < (this.falseCommits.haveAllBeenMade ? later : atFirst);
    return (isFalse && this.falseCommits.next()) || this.trueOne();
  }

  /** Whether it committed nobody knows: what comes next need not come after it. */
  failed(): void {
    this.renewOrderKeys();
  }

  private trueOne(): Promise<unknown> {
    const lot = this.random();
    if (lot < 0.35) return this.dataSource.manager.save(this.deed('deed', this.orderKey()));
    if (lot < 0.6) return this.severalDeeds();
    if (lot < 0.8) return this.entries();
    if (lot < 0.9) return this.dataSource.manager.save(this.deed('seed'));
    return this.dataSource.manager.save(this.deed(this.rareKind()));
  }

  /** Some roll back, and some to a savepoint only. */
  private severalDeeds(): Promise<unknown> {
    return this.dataSource.transaction(async (manager) => {
      await manager.save([this.deed('deed', this.orderKey()), this.deed('deed')]);
      await manager.transaction((nested) => this.rollingBack(nested)).catch(onlyRollBack);
      if (this.random() < 0.25) throw new RollBack();
    });
  }

  private async rollingBack(nested: EntityManager): Promise<void> {
    await nested.save(this.deed('deed'));
    if (this.random() < 0.5) throw new RollBack();
  }

  private entries(): Promise<unknown> {
    return this.dataSource.transaction(async (manager) => {
      const entries = [randomUUID(), randomUUID()].map((id) => Object.assign(new Entry(), { id }));
      await manager.insert(Entry, entries);
      const tags = someOf(TOPICS, 1, this.random);
      const inputs = entries.map(({ id }) => ({ group: 'entry', key: `entry_${id}`, tags, data: { id } }));
      await this.parts.log.append(inputs, { manager });
      await holdAtTimes(SLOW, this.parts);
      if (this.random() < 0.2) throw new RollBack();
    });
  }

  private rareKind(): string {
    const kinds = ['doomed', ...['slow', 'block'].filter((kind) => this.parts.setup.faults.includes(kind))];
    const kind = kinds[Math.floor(this.random() * kinds.length)]!;
    // Each of them makes a whole process stand still.
    return kind === 'block' && this.random() > 0.15 ? 'deed' : kind;
  }

  private deed(kind: string, orderKey: string | null = null): Deed {
    return Object.assign(new Deed(), { id: randomUUID(), kind, orderKey });
  }

  private orderKey(): string {
    return this.orderKeys[Math.floor(this.random() * this.orderKeys.length)]!;
  }

  private renewOrderKeys(): void {
    this.orderKeys = [0, 1, 2].map(() => randomUUID());
  }
}
