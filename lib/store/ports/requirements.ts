import type { Sql } from './sql.js';
import type { Tables } from './tables.js';

export type Right = 'SELECT' | 'INSERT' | 'UPDATE' | 'DELETE';

/** A table, one of its columns, and what the user of the database has to be allowed to do with it. */
export interface TableRights {
  table: string;
  column: string;
  rights: readonly Right[];
}

/** PORT: what is asked at start, once, so that nothing fails in the middle of it. Each answers in sentences: what is wrong, and what to do. */
export interface Requirements {
  /** Settings of the server or the session under which statements fail or do something else. Default: there are none. */
  settings?(sql: Sql): Promise<string[]>;
  /** Rights that the user lacks of those that recording needs, and, where the process also `handles`, what that needs. */
  rights(sql: Sql, tables: Tables, handles: boolean): Promise<string[]>;
}

/** On tables; retention of events may need more. */
export function neededRights(t: Tables, handles: boolean): TableRights[] {
  const recording: TableRights[] = [
    { table: t.event, column: 'position', rights: ['SELECT', 'INSERT'] },
    { table: t.tag, column: 'tag', rights: ['SELECT', 'INSERT'] },
    { table: t.delivery, column: 'position', rights: ['SELECT', 'INSERT'] },
  ];
  if (!handles) return recording;
  return [
    ...recording,
    { table: t.delivery, column: 'position', rights: ['UPDATE', 'DELETE'] },
    { table: t.finished, column: 'position', rights: ['SELECT', 'INSERT', 'DELETE'] },
    { table: t.handler, column: 'name', rights: ['SELECT', 'INSERT', 'UPDATE'] },
    { table: t.pattern, column: 'source', rights: ['SELECT', 'INSERT', 'UPDATE'] },
    { table: t.worker, column: 'host', rights: ['SELECT', 'INSERT', 'UPDATE', 'DELETE'] },
    { table: t.state, column: 'name', rights: ['SELECT', 'INSERT', 'UPDATE'] },
    { table: t.lease, column: 'name', rights: ['SELECT', 'INSERT', 'UPDATE'] },
    { table: t.rescan, column: 'scan', rights: ['SELECT', 'INSERT', 'UPDATE'] },
    { table: t.rescanRequest, column: 'entity', rights: ['SELECT', 'INSERT', 'DELETE'] },
  ];
}
