import type { QueryRunner } from 'typeorm';
import { connectionOf } from '../../ports/connection-of.js';
import type { Answer, Row } from '../../ports/sql.js';
import { answerOf } from '../shared/query-failed.js';

/** A connection of `mysql2`. */
interface Connection {
  destroy(): void;
  ping(answered: (error: Error | null) => void): void;
  query(statement: string, parameters: unknown[], answered: (error: Error | null, raw: Raw) => void): void;
}

/** Rows, or what became of a statement that gives none. */
type Raw = Row[] | { affectedRows: number };

/** Ends the runner's connection, also with a statement running on it: `destroy` of a connection of `mysql2`. */
export async function abandon(runner: QueryRunner): Promise<void> {
  (await connectionOf<Connection>(runner))?.destroy();
}

/** What the session of the runner ended with: `ping` of a connection of `mysql2`. Undefined where it lives. */
export async function endedBy(runner: QueryRunner): Promise<Error | undefined> {
  const connection = await connectionOf<Connection>(runner);
  return new Promise((resolve) => {
    if (connection) connection.ping((error) => resolve(error ?? undefined));
    else resolve(undefined);
  });
}

/** A query of `mysql2`. */
export async function send(runner: QueryRunner, statement: string, parameters: unknown[]): Promise<Answer> {
  const connection = (await runner.connect()) as Connection;
  const answer = new Promise<Raw>((resolve, reject) => {
    connection.query(statement, parameters, (error, raw) => (error ? reject(error) : resolve(raw)));
  });
  const raw = await answerOf(statement, parameters, answer);
  return Array.isArray(raw) ? { raw, records: raw } : { raw, records: [], affected: raw.affectedRows };
}
