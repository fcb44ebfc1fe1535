import { type QueryResult, QueryRunnerAlreadyReleasedError, type QueryRunner } from 'typeorm';

export type Row = Record<string, unknown>;

/** A statement with `?` for parameters, and these. */
export interface Statement {
  text: string;
  parameters: readonly unknown[];
}

/** A piece of SQL with its parameters. */
export interface SqlPart {
  sql: string;
  parameters: readonly unknown[];
}

/** A time in epoch milliseconds as SQL: the database's clock, or the application's as a parameter. */
export type SqlTime = SqlPart;

/** What a statement did, in TypeORM's words. */
export type Answer = Pick<QueryResult, 'records' | 'affected' | 'raw'>;

/**
 * Sends a statement, with the database's parameter marks, to the driver itself: TypeORM writes nothing of it into the
 * application's query log, and tells no subscriber. Rejects with TypeORM's `QueryFailedError`.
 */
export type Send = (runner: QueryRunner, statement: string, parameters: unknown[]) => Promise<Answer>;

/** What a statement resolves with, or rejects with when its answer takes too long. */
export type Answered = <T>(answer: Promise<T>) => Promise<T>;

/** How statements go to the database. */
export interface SqlWays {
  /** With this database's parameter marks. */
  prepare: (statement: string) => string;
  /** Default: all go through TypeORM. */
  send?: Send;
  answered: Answered;
  /** Whether the statements stay out of the application's query log, where they can. */
  unlogged: boolean;
}

/** Statements on one connection, with `?` for parameters on every database. */
export class Sql {
  constructor(
    readonly runner: QueryRunner,
    private readonly ways: SqlWays,
  ) {}

  /**
   * The rows of a statement, for those few that a handler waits for: where it can be, the driver is
   * asked itself, since what TypeORM does around a statement takes half as long as the statement.
   */
  async quickRows(statement: string, parameters: unknown[] = []): Promise<Row[]> {
    const { send, prepare } = this.ways;
    if (!send) return this.rows(statement, parameters);
    // A mark may stand in a text that is no parameter.
    const prepared = parameters.length > 0 ? prepare(statement) : statement;
    return (await this.sent(send, prepared, parameters)).records as Row[];
  }

  /** The rows that the statement returns. */
  async rows<T = Row>(statement: string, parameters: readonly unknown[] = []): Promise<T[]> {
    return (await this.run(statement, parameters)).records as T[];
  }

  async row<T = Row>(statement: string, parameters: readonly unknown[] = []): Promise<T | undefined> {
    return (await this.rows<T>(statement, parameters))[0];
  }

  /** How many rows the statement changed. */
  async change(statement: string, parameters: readonly unknown[] = []): Promise<number> {
    return (await this.run(statement, parameters)).affected ?? 0;
  }

  /** The id of the first row that the statement inserted, where the driver tells it; undefined when it inserted none. */
  async insert(statement: string, parameters: readonly unknown[]): Promise<number | undefined> {
    const result = await this.run(statement, parameters);
    const raw = result.raw as number | { insertId: number | string };
    return result.affected ? Number(typeof raw === 'object' ? raw.insertId : raw) : undefined;
  }

  private run(statement: string, parameters: readonly unknown[]): Promise<Answer> {
    const { prepare, send, answered, unlogged } = this.ways;
    const prepared = prepare(statement);
    if (send && unlogged) return this.sent(send, prepared, parameters as unknown[]);
    return answered(this.runner.query(prepared, parameters as unknown[], true));
  }

  /** What fails is logged in any case, as TypeORM does it. */
  private async sent(send: Send, statement: string, parameters: unknown[]): Promise<Answer> {
    const { runner } = this;
    if (runner.isReleased) throw new QueryRunnerAlreadyReleasedError();
    const { logger } = runner.dataSource;
    if (!this.ways.unlogged) logger.logQuery(statement, parameters, runner);
    try {
      return await this.ways.answered(send(runner, statement, parameters));
    } catch (error) {
      logger.logQueryError(error as Error, statement, parameters, runner);
      throw error;
    }
  }
}

/** `?, ?, ?` for a list of parameters. */
export function marks(count: number): string {
  return repeated('?', count);
}

/** `IN (?, ?)` with its parameters. */
export function inList(numbers: readonly number[]): SqlPart {
  return { sql: `IN (${marks(numbers.length)})`, parameters: numbers };
}

/** `(?, ?), (?, ?)` for the VALUES of several rows. */
export function tuples(rows: number, columns: number): string {
  return repeated(`(${marks(columns)})`, rows);
}

function repeated(text: string, count: number): string {
  return count === 0 ? '' : `${text}, `.repeat(count - 1) + text;
}

/** A number that a driver may hand out as a string or bigint; null stays undefined. */
export function optionalNumber(value: unknown): number | undefined {
  return value === null || value === undefined ? undefined : Number(value);
}

export function chunks<T>(items: readonly T[], size: number): T[][] {
  const result: T[][] = [];
  for (let start = 0; start < items.length; start += size) result.push(items.slice(start, start + size));
  return result;
}
