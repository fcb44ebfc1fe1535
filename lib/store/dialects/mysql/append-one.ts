import {
  deliveriesOf,
  deliveryInsert,
  EVENT_INSERT_COLUMNS,
  eventParameters,
  versionTaken,
} from '../shared/insert-rows.js';
import type { Appended, EventRow } from '../../ports/rows.js';
import { marks, type Row, type Sql, type SqlTime } from '../../ports/sql.js';
import type { Tables } from '../../ports/tables.js';
import { bucketsOf } from '../../ports/tag-buckets.js';
import { DUPLICATE, failure } from './errors.js';
import { serverOf } from './server.js';
import { buckets, epochLock, LEAVE, WITHOUT_WAITING } from './statements.js';

/** Tags that one block stores; more of them are many bytes. */
const MOST_TAGS = 100;

/**
 * One event with its deliveries and tags, as most saves record it: what `append` does for several, in one round trip. Undefined where that
 * is not enough, with nothing recorded: another transaction holds the key or recorded it unseen, its version is there
 * under another key, it has very many tags, the sequence has fallen behind the log, or the server is MySQL.
 */
export async function appendOne(
  sql: Sql,
  t: Tables,
  row: EventRow,
  due: SqlTime,
): Promise<Appended | undefined> {
  if (row.tags.length > MOST_TAGS || !(await serverOf(sql)).blocks) return undefined;
  try {
    const answer = await runBlock(sql, t, row, due);
    if (answer.known !== null) return thereAlready(row, answer.known as string);
    return Number(answer.position) > 0 ? { kind: 'recorded', position: Number(answer.position) } : undefined;
  } catch (error) {
    if (!(await takeBack(sql)) || failure(error) !== 'lock') throw error;
    return undefined;
  }
}

function thereAlready(row: EventRow, group: string): Appended {
  return row.stream === null ? { kind: 'known', group } : versionTaken([row], row)[0]!;
}

/** The results of a block are one array for each SELECT, and what ended it. */
async function runBlock(sql: Sql, t: Tables, row: EventRow, due: SqlTime): Promise<Row> {
  const rows = deliveriesOf([row], [0]);
  const deliveries = rows.length > 0 ? deliveryInsert(t, rows, due, LEAVE, 'once_position') : undefined;
  const shared = bucketsOf(row.tags);
  const [answers] = await sql.rows<[Row]>(block(t, deliveries?.text, shared.length, row.tags.length), [
    row.key,
    ...shared,
    ...eventParameters(row),
    ...(deliveries?.parameters ?? []),
    ...row.tags,
  ]);
  return answers![0];
}

/**
 * A savepoint takes back the row of the position: MariaDB, other than MySQL, keeps no lock of it then, and has nothing to
 * purge. SELECT INTO alone reads without locks: a subquery of SET or IF would lock what it reads. The INSERT is a plain one,
 * as in `insertNew`: where it meets a row with that key or position, the position told is 0.
 */
function block(t: Tables, deliver: string | undefined, bucketCount: number, tagCount: number): string {
  const share = `SELECT count(*) INTO once_epoch FROM ${buckets(t)} WHERE id IN (${marks(bucketCount)}) LOCK IN SHARE MODE;`;
  const tags = Array.from({ length: tagCount }, () => '(?, once_position)').join(', ');
  return `BEGIN NOT ATOMIC
    DECLARE once_known VARCHAR(255) CHARACTER SET utf8mb4;
    DECLARE once_epoch INT;
    DECLARE once_position BIGINT;
    SELECT max(event_group) INTO once_known FROM ${t.event} WHERE event_key = ?;
    IF once_known IS NULL THEN
      ${bucketCount > 0 ? share : ''}
      SELECT id INTO once_epoch ${epochLock(t)};
      SAVEPOINT once_append;
      INSERT INTO ${t.name('position')} () VALUES ();
      ROLLBACK TO SAVEPOINT once_append;
      SET once_position = LAST_INSERT_ID();
      BEGIN
        DECLARE CONTINUE HANDLER FOR ${DUPLICATE} SET once_position = 0;
        ${WITHOUT_WAITING} INSERT INTO ${t.event} (${EVENT_INSERT_COLUMNS.join(', ')}, position)
          VALUES (${marks(EVENT_INSERT_COLUMNS.length)}, once_position);
      END;
      ${deliver ? `IF once_position > 0 THEN ${deliver}; END IF;` : ''}
      ${tagCount > 0 ? `IF once_position > 0 THEN INSERT INTO ${t.tag} (tag, position) VALUES ${tags}; END IF;` : ''}
      RELEASE SAVEPOINT once_append;
    END IF;
    SELECT once_position AS position, once_known AS known;
  END`;
}

/**
 * Undoes what a block did that failed; false where it did nothing, or where the transaction is gone, as after a deadlock,
 * and after any wait for a lock by a setting of the server. No savepoint of one block is ever there for another.
 */
async function takeBack(sql: Sql): Promise<boolean> {
  try {
    await sql.change('ROLLBACK TO SAVEPOINT once_append');
    await sql.change('RELEASE SAVEPOINT once_append');
    return true;
  } catch {
    return false;
  }
}
