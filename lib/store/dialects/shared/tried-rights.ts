import { messageOf } from '../../../core/thrown.js';
import type { Right, TableRights } from '../../ports/requirements.js';
import type { Sql } from '../../ports/sql.js';

/** Statements that change nothing, and fail where the user may not make such ones. */
const TRIALS: Record<Right, (table: string, column: string) => string> = {
  SELECT: (table, column) => `SELECT ${column} FROM ${table} WHERE 1 = 0`,
  INSERT: (table) => `INSERT INTO ${table} SELECT * FROM ${table} WHERE 1 = 0`,
  UPDATE: (table, column) => `UPDATE ${table} SET ${column} = ${column} WHERE 1 = 0`,
  DELETE: (table) => `DELETE FROM ${table} WHERE 1 = 0`,
};

/** Finds out by trying which rights are missing; `isRefusal` tells what a server refuses from what else may fail. */
export async function triedRights(
  sql: Sql,
  needed: readonly TableRights[],
  isRefusal: (error: unknown) => boolean,
): Promise<string[]> {
  const problems: string[] = [];
  const trials = needed.flatMap((of) => of.rights.map((right) => ({ ...of, right })));
  for (const { table, column, right } of trials) {
    try {
      await sql.rows(TRIALS[right](table, column));
    } catch (error) {
      if (!isRefusal(error)) throw error;
      problems.push(`${right} on ${table} is refused (${messageOf(error)}): allow it`);
    }
  }
  return problems;
}
