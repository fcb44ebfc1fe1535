import type { QueryRunner } from 'typeorm';
import { connectionOf } from '../../ports/connection-of.js';
import type { Row } from '../../ports/sql.js';

/** A connection of `mysql2`. */
interface Connection {
  destroy(): void;
  query(statement: string, parameters: unknown[], answered: (error: Error | null, rows: Row[]) => void): void;
}

/** Ends the runner's connection, also with a statement running on it: `destroy` of a connection of `mysql2`. */
export async function abandon(runner: QueryRunner): Promise<void> {
  (await connectionOf<Connection>(runner))?.destroy();
}

/** A query of `mysql2`. */
export async function ask(runner: QueryRunner, statement: string, parameters: unknown[]): Promise<Row[]> {
  const connection = (await runner.connect()) as Connection;
  return new Promise((resolve, reject) => {
    connection.query(statement, parameters, (error, rows) => (error ? reject(error) : resolve(rows)));
  });
}
