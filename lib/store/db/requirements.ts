import { EventSourcingError } from '../../core/errors.js';
import type { Database } from './database.js';

/** Settings or rights are not as the event log needs them. */
export class DatabaseNotReadyError extends EventSourcingError {
  readonly code = 'DATABASE_NOT_READY';

  constructor(
    /** What is wrong, and what to do about it. */
    readonly problems: readonly string[],
  ) {
    super(
      `The event log cannot work with the database as it is. Put this right, and start again:\n${problems
        .map((problem) => `- ${problem}.`)
        .join('\n')}`,
    );
  }
}

/** Throws `DatabaseNotReadyError` where statements would fail or do something else. Before the tables are made. */
export async function assertSettings(database: Database): Promise<void> {
  const { requirements } = database.dialect;
  assertNone(await database.run(async (sql) => (await requirements.settings?.(sql)) ?? []));
}

/** Throws `DatabaseNotReadyError` where the user may not do what the process does. Once the tables are there. */
export async function assertRights(database: Database, handles: boolean): Promise<void> {
  const { dialect, tables } = database;
  assertNone(await database.run((sql) => dialect.requirements.rights(sql, tables, handles)));
}

function assertNone(problems: readonly string[]): void {
  if (problems.length > 0) throw new DatabaseNotReadyError(problems);
}
