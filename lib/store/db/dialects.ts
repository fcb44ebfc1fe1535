import type { DataSource } from 'typeorm';
import { EventSourcingError } from '../../core/errors.js';
import type { Dialect } from '../ports/dialect.js';
import { mysql } from '../dialects/mysql/dialect.js';
import { postgres } from '../dialects/postgres/dialect.js';
import { sqlite } from '../dialects/sqlite/dialect.js';

/** By TypeORM's names of the DataSource types that are supported. */
const BY_TYPE: Record<string, Dialect> = {
  'better-sqlite3': sqlite,
  postgres,
  mysql,
  mariadb: mysql,
};

/** The DataSource is of a type that the log cannot live in. */
export class UnsupportedDatabaseError extends EventSourcingError {
  readonly code = 'UNSUPPORTED_DATABASE';

  constructor(readonly type: string) {
    super(
      `The event log does not support DataSources of type "${type}". ` +
        `Expected one of: ${Object.keys(BY_TYPE).join(', ')}. Give forRoot the name of such a DataSource (option dataSource).`,
    );
  }
}

export function dialectOf(dataSource: DataSource): Dialect {
  const dialect = BY_TYPE[dataSource.options.type];
  if (!dialect) throw new UnsupportedDatabaseError(dataSource.options.type);
  return dialect;
}
