import type { DataSource, EntityManager, QueryRunner } from 'typeorm';

/** What makes a transaction of its own where none is open. */
const WRITES = ['save', 'remove', 'softRemove', 'recover'] as const;

type Write = (...args: unknown[]) => Promise<unknown>;
type Writes = Record<(typeof WRITES)[number], Write>;

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
 * methods somebody has replaced is left as it is, and so are other managers: theirs are not known.
 */
export function knowSaves(dataSource: DataSource): void {
  const { manager } = dataSource;
  if (manager.queryRunner || WRITES.some((name) => Object.hasOwn(manager, name))) return;
  for (const name of WRITES) {
    Object.defineProperty(manager, name, {
      value: (...args: unknown[]) => write(dataSource, name, args),
      writable: true,
      configurable: true,
    });
  }
}

async function write(
  dataSource: DataSource,
  name: (typeof WRITES)[number],
  args: unknown[],
): Promise<unknown> {
  const runner = dataSource.createQueryRunner();
  ofSaves.add(runner);
  try {
    return await methods(runner.manager)[name](...args);
  } finally {
    await runner.release();
  }
}

function methods(manager: EntityManager): Writes {
  return manager as unknown as Writes;
}
