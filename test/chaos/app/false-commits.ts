import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import type { AggregateRepository, EventLog } from 'nestjs-once';
import type { DataSource, EntityManager, QueryRunner } from 'typeorm';
import { COMMIT_FAULTS, type CommitFault } from './commit-faults.js';
import { Deed, Entry, Stroke } from './entities.js';
import type { Journal } from './journal.js';
import { failUnheard, meddling } from './other-subscriber.js';
import { TALLIES } from './plan.js';
import { loaded, newStroke } from './strokes.js';
import type { Tally } from './tally.js';

export interface FalseCommitsParts {
  dataSource: DataSource;
  log: EventLog;
  tallies: AggregateRepository<Tally>;
  journal: Journal;
  random: () => number;
  /** Of which these are made that are of `COMMIT_FAULTS`. */
  faults: readonly string[];
}

/** How often what may not have been committed is written again in a transaction with which nothing is wrong. */
const AGAIN = 0.3;

/** Milliseconds. */
const KILLED_WITHIN = 3;
const UNTIL_BOTH_HOLD = 30;
/** Until the client, too, has noticed that its session was ended. */
const UNTIL_NOTICED = 20;

/**
 * Transactions whose end is not what TypeORM's hooks say, or of which the hooks say nothing. Each writes one row and records
 * that row's event: the row is there in the end if and only if the database committed, and then so has to be the event.
 */
export class FalseCommits {
  /** All faults of the run in some order, then all of them again: none is left out for long. */
  private deck: CommitFault[];
  private rounds = 0;

  constructor(private readonly parts: FalseCommitsParts) {
    this.deck = this.shuffled();
  }

  get haveAllBeenMade(): boolean {
    return this.rounds > 0 || this.deck.length === 0;
  }

  /** Makes one of them, and rejects with whatever the application would see; undefined where none is to be made. */
  next(): Promise<unknown> | undefined {
    const fault = this.deck.pop();
    if (this.deck.length === 0) {
      this.deck = this.shuffled();
      this.rounds++;
    }
    return fault && this.make(fault);
  }

  private shuffled(): CommitFault[] {
    const { faults, random } = this.parts;
    const names = Object.keys(COMMIT_FAULTS) as CommitFault[];
    const lots = names.filter((fault) => faults.includes(fault)).map((fault) => ({ fault, lot: random() }));
    return lots.sort((a, b) => a.lot - b.lot).map(({ fault }) => fault);
  }

  private async make(fault: CommitFault): Promise<void> {
    const write = this.newWrite();
    try {
      await this.makeWith(write, fault);
    } finally {
      if (this.parts.random() < AGAIN) await this.parts.dataSource.transaction(write);
    }
  }

  private makeWith(write: Write, fault: CommitFault): Promise<unknown> {
    switch (fault) {
      case 'swallowed-error':
        return this.swallowError(write);
      case 'swallowed-deadlock':
        return Promise.allSettled([
          this.swallowDeadlock(write, 1, 2),
          this.swallowDeadlock(this.newWrite(), 2, 1),
        ]);
      case 'raw-rollback':
        return this.parts.dataSource.transaction((manager) => this.endRaw(manager, write, 'ROLLBACK'));
      case 'raw-commit':
        return this.commitRaw(write);
      case 'killed-commit':
        return this.killAtCommit(write);
      case 'throwing-hook':
        return this.throwInHook(write);
    }
  }

  /** In the callback, in a subscriber during the save, or in a subscriber right before the COMMIT. */
  private swallowError(write: Write): Promise<unknown> {
    const { dataSource, random } = this.parts;
    const made = () => this.made('swallowed-error');
    const lot = random();
    if (lot < 0.25) return this.saveMeddled(meddling('swallow after the insert', made));
    if (lot < 0.5) return this.saveMeddled(meddling('swallow before the commit', made));
    if (lot < 0.75) return this.writeMeddled(write, meddling('swallow before the commit', made));
    return dataSource.transaction(async (manager) => {
      await write(manager);
      made();
      await failUnheard(runnerOf(manager));
    });
  }

  /** One of two transactions that run at once; MariaDB rolls back the whole of one, whatever its application does then. */
  private swallowDeadlock(write: Write, first: number, second: number): Promise<unknown> {
    return this.parts.dataSource.transaction(async (manager) => {
      await write(manager);
      await lock(manager, first);
      await wait(UNTIL_BOTH_HOLD);
      await lock(manager, second).catch(() => this.made('swallowed-deadlock'));
    });
  }

  /** Whether TypeORM then commits, rolls back what is committed, or is told nothing of the end. */
  private async commitRaw(write: Write): Promise<void> {
    const { dataSource, random } = this.parts;
    const lot = random();
    if (lot < 0.6) {
      await dataSource.transaction(async (manager) => {
        await this.endRaw(manager, write, 'COMMIT');
        if (lot < 0.3) throw new Error('too late to roll back');
      });
      return;
    }
    await this.withRunner((runner) => this.endRaw(runner.manager, write, 'COMMIT'));
  }

  private async endRaw(
    manager: EntityManager,
    write: Write,
    statement: 'COMMIT' | 'ROLLBACK',
  ): Promise<void> {
    await write(manager);
    this.made(statement === 'COMMIT' ? 'raw-commit' : 'raw-rollback');
    await manager.query(statement);
  }

  private killAtCommit(write: Write): Promise<void> {
    return this.withRunner(async (runner) => {
      await write(runner.manager);
      await this.commitKilled(runner);
    });
  }

  /** Just before the COMMIT, or at a moment around it. The runner is kept until then, so that nobody else's work is hit. */
  private async commitKilled(runner: QueryRunner): Promise<void> {
    const { dataSource, random } = this.parts;
    const kill = await killerOf(runner);
    const isBefore = random() < 0.3;
    const delay = () => wait(isBefore ? 0 : KILLED_WITHIN * random());
    this.made('killed-commit');
    // Where the session is gone already, there is nothing to end.
    const killed = delay().then(() => dataSource.query(kill).catch(() => undefined));
    try {
      await (isBefore ? killed : delay());
      await runner.commitTransaction();
    } finally {
      await killed;
      await wait(UNTIL_NOTICED);
    }
  }

  /** As `transaction` does it, but for the COMMIT, which is left to `work`. */
  private async withRunner(work: (runner: QueryRunner) => Promise<void>): Promise<void> {
    const runner = this.parts.dataSource.createQueryRunner();
    try {
      await runner.startTransaction();
      await work(runner);
    } catch (error) {
      await runner.rollbackTransaction().catch(() => undefined);
      throw error;
    } finally {
      await runner.release();
    }
  }

  private throwInHook(write: Write): Promise<unknown> {
    const data = meddling('throw after the commit', () => this.made('throwing-hook'));
    return this.parts.random() < 0.5 ? this.saveMeddled(data) : this.writeMeddled(write, data);
  }

  private saveMeddled(data: ReturnType<typeof meddling>): Promise<unknown> {
    return this.parts.dataSource.manager.save(newDeed(), { data });
  }

  private writeMeddled(write: Write, data: ReturnType<typeof meddling>): Promise<unknown> {
    return this.parts.dataSource.transaction((manager) => {
      Object.assign(runnerOf(manager).data, data);
      return write(manager);
    });
  }

  /**
   * Saves one entity with a source, or inserts one row and appends its event, or saves a tally beside it; the same one
   * whenever it is called.
   */
  private newWrite(): Write {
    const { log, random } = this.parts;
    const lot = random();
    const deed = newDeed();
    if (lot < 0.35) return (manager) => manager.save(deed);
    if (lot > 0.7) return this.newMarking();
    const entry = Object.assign(new Entry(), { id: randomUUID() });
    const { id } = entry;
    return async (manager) => {
      await manager.save(entry);
      await log.append({ group: 'entry', key: `entry_${id}`, data: { id } }, { manager });
    };
  }

  private newMarking(): Write {
    const { tallies, random } = this.parts;
    const stroke = newStroke(TALLIES[Math.floor(random() * TALLIES.length)]!);
    let tally: Tally | undefined;
    return async (manager) => {
      await manager.insert(Stroke, stroke);
      if (!tally) {
        tally = await loaded(tallies, stroke.tally, manager);
        tally.add(stroke.id);
      }
      await tallies.save([tally], { manager });
    };
  }

  private made(fault: CommitFault): void {
    this.parts.journal.note({ what: 'made', fault });
  }
}

type Write = (manager: EntityManager) => Promise<unknown>;

function newDeed(): Deed {
  return Object.assign(new Deed(), { id: randomUUID(), kind: 'deed', orderKey: null });
}

function runnerOf(manager: EntityManager): QueryRunner {
  return manager.queryRunner!;
}

function lock(manager: EntityManager, id: number): Promise<unknown> {
  return manager.query(`SELECT id FROM chaos_lock WHERE id = ${id} FOR UPDATE`);
}

/** The statement by which another session ends that of the runner. */
async function killerOf(runner: QueryRunner): Promise<string> {
  const isPostgres = runner.dataSource.options.type === 'postgres';
  const rows = (await runner.query(
    isPostgres ? 'SELECT pg_backend_pid() AS id' : 'SELECT connection_id() AS id',
  )) as { id: unknown }[];
  const id = Number(rows[0]!.id);
  return isPostgres ? `SELECT pg_terminate_backend(${id})` : `KILL CONNECTION ${id}`;
}
