import type { DataSource, EntityManager, QueryRunner } from 'typeorm';
import { depthOf } from './transaction-depth.js';

/** What makes a transaction of its own where none is open. */
const WRITES = ['save', 'remove', 'softRemove', 'recover'] as const;

type Write = (...args: unknown[]) => Promise<unknown>;
type Writes = Record<(typeof WRITES)[number], Write>;
type Begin = (runner: QueryRunner) => Promise<void>;

const ofSaves = new WeakSet<QueryRunner>();

/**
 * Whether nobody but TypeORM's save can end a transaction of this runner: it was made for one that the application called
 * outside of any transaction, and nobody else was given it, subscribers apart.
 */
export function isOfSave(runner: QueryRunner): boolean {
  return ofSaves.has(runner);
}

/**
 * Knows the runners of saves from those that the application has: TypeORM makes both in the same way. A manager whose
 * methods somebody has replaced is left as it is, and so are other managers: theirs are not known. With `postponeBegin`
 * the beginning of their transactions goes with their first statement.
 */
export function knowSaves(dataSource: DataSource, postponeBegin?: Begin): void {
  const { manager } = dataSource;
  if (manager.queryRunner || WRITES.some((name) => Object.hasOwn(manager, name))) return;
  for (const name of WRITES) {
    Object.defineProperty(manager, name, {
      value: (...args: unknown[]) => write(runnerOfSave(dataSource, postponeBegin), name, args),
      writable: true,
      configurable: true,
    });
  }
}

function runnerOfSave(dataSource: DataSource, postponeBegin?: Begin): QueryRunner {
  const runner = dataSource.createQueryRunner();
  ofSaves.add(runner);
  if (postponeBegin) beginLate(runner, postponeBegin);
  return runner;
}

/** Just before it begins, since TypeORM may read first, and what it reads must not be taken for the first statement. */
function beginLate(runner: QueryRunner, postponeBegin: Begin): void {
  const begin = runner.startTransaction.bind(runner);
  runner.startTransaction = async (...isolation) => {
    if (depthOf(runner) === 0) await postponeBegin(runner);
    await begin(...isolation);
  };
}

async function write(runner: QueryRunner, name: (typeof WRITES)[number], args: unknown[]): Promise<unknown> {
  try {
    return await methods(runner.manager)[name](...args);
  } finally {
    await runner.release();
  }
}

function methods(manager: EntityManager): Writes {
  return manager as unknown as Writes;
}
