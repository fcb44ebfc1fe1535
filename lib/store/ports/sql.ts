import type { QueryResult, QueryRunner } from 'typeorm';

export type Row = Record<string, unknown>;

/** A statement with `?` for parameters, and these. */
export interface Statement {
  text: string;
  parameters: readonly unknown[];
}

/** The rows of a statement, with the database's parameter marks. */
export type Ask = (runner: QueryRunner, statement: string, parameters: unknown[]) => Promise<Row[]>;

/** Statements on one connection, with `?` for parameters on every database. */
export class Sql {
  constructor(
    readonly runner: QueryRunner,
    /** With this database's parameter marks. */
    readonly prepare: (statement: string) => string,
    /** Asks the driver itself. Default: as any other statement. */
    private readonly ask?: Ask,
  ) {}

  /**
   * The rows of a statement, for those few that a handler waits for: where it can be, the driver is
   * asked itself, since what TypeORM does around a statement takes half as long as the statement. It is logged all the same.
   */
  quickRows(statement: string, parameters: unknown[] = []): Promise<Row[]> {
    if (!this.ask) return this.rows(statement, parameters);
    // A mark may stand in a text that is no parameter.
    const prepared = parameters.length > 0 ? this.prepare(statement) : statement;
    this.runner.dataSource.logger.logQuery(prepared, parameters, this.runner);
    return this.ask(this.runner, prepared, parameters);
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

  private run(statement: string, parameters: readonly unknown[]): Promise<QueryResult> {
    return this.runner.query(this.prepare(statement), parameters as unknown[], true);
  }
}

/** `?, ?, ?` for a list of parameters. */
export function marks(count: number): string {
  return Array.from({ length: count }, () => '?').join(', ');
}

/** `IN (?, ?)` with its parameters. */
export function inList(numbers: readonly number[]): { sql: string; parameters: readonly number[] } {
  return { sql: `IN (${marks(numbers.length)})`, parameters: numbers };
}

/** `(?, ?), (?, ?)` for the VALUES of several rows. */
export function tuples(rows: number, columns: number): string {
  const tuple = `(${marks(columns)})`;
  return Array.from({ length: rows }, () => tuple).join(', ');
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
