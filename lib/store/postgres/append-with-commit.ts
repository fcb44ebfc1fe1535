import { QueryFailedError } from 'typeorm';
import type { SqlTime } from '../dialect.js';
import type { AppendedRow, EventRow } from '../rows.js';
import type { Notice } from '../signals.js';
import type { Row, Sql } from '../sql.js';
import type { Tables } from '../tables.js';
import { appendOne, appendOneStatement, recordedOrKnown } from './append-one.js';
import { notify } from './listener.js';
import { type Client, directClient, forgetWhenNotPrepared, namedStatement } from './named-statement.js';
import { canSendSeveral, runInOneMessage } from './one-message.js';

const COMMIT = 'COMMIT';

/** One event, the COMMIT and a NOTIFY in one message, one after the other: what fails keeps the rest from being run. */
export async function appendWithCommit(
  sql: Sql,
  t: Tables,
  row: EventRow,
  due: SqlTime,
  notice: () => Notice | undefined,
): Promise<AppendedRow> {
  const client = await directClient(sql.runner);
  const rows = client && canSendSeveral(client) && (await appendOn(client, sql, t, row, due, notice()));
  // The commit stands, whatever comes of asking for the group.
  if (rows) return recordedOrKnown(sql, t, row, rows).catch(() => ({}));
  const appended = await appendOne(sql, t, row, due);
  await sql.change(COMMIT);
  return appended;
}

async function appendOn(
  client: Client,
  sql: Sql,
  t: Tables,
  row: EventRow,
  due: SqlTime,
  notice: Notice | undefined,
): Promise<readonly Row[]> {
  const { text, parameters } = appendOneStatement(t, row, due);
  const statement = namedStatement(sql, text, parameters);
  const others = notice ? [COMMIT, notify(t, notice.message)] : [COMMIT];
  const { logger } = sql.runner.dataSource;
  logger.logQuery(statement.text, [...parameters], sql.runner);
  for (const other of others) logger.logQuery(other, undefined, sql.runner);
  const { rows, completed, error } = await runInOneMessage(client, statement, others);
  if (completed.includes(COMMIT)) {
    if (error) notice?.failed(error);
    return rows;
  }
  if (!error) {
    await sql.change(COMMIT);
    return rows;
  }
  forgetWhenNotPrepared(client, error);
  const failed = completed.length === 0 ? statement : { text: COMMIT, values: undefined };
  logger.logQueryError(error, failed.text, failed.values && [...failed.values], sql.runner);
  throw new QueryFailedError(failed.text, failed.values && [...failed.values], error);
}
