import type { Database } from '../db/database.js';
import {
  allOf,
  anyOf,
  asksOfFailure,
  type DeliveryFilter,
  type DeliveryStatus,
  eventConditions,
  failureConditions,
  handlerIdsOf,
  listOf,
  OPEN,
  positionsOf,
  STATUSES,
  statusesOf,
} from '../deliveries/delivery-filter.js';
import { keyOf } from '../ports/delivery-ids.js';
import type { DeliveryId } from '../ports/delivery-ids.js';
import { DeliveryState } from '../ports/rows.js';
import { chunks, type Row, type Sql } from '../ports/sql.js';
import { COUNTED, isByHandler, sourcesOf, windowOn } from './count-window.js';

/** How many there are: exact, or so many at least. */
export type DeliveryCount = number | { count: number; atLeast: true };

export type DeliveryCounts = Record<DeliveryStatus, DeliveryCount>;

/** What was found among the deliveries that were looked at. */
interface Look {
  looked: number;
  found: number;
}

/** What one count asks for. */
interface Question {
  sql: Sql;
  filter: DeliveryFilter;
  handlerIds: readonly number[];
}

/** Keys, or handlers, in one statement. */
const BATCH = 100;

/** Counts deliveries by filter, for a person: of each status it looks at so many at most, whatever the tables hold. */
export class DeliveryCounting {
  constructor(
    private readonly database: Database,
    /** What this process has claimed and not started: it is pending, though its row says that it runs. */
    private readonly ahead: () => readonly DeliveryId[] = () => [],
  ) {}

  counts(filter: DeliveryFilter): Promise<DeliveryCounts> {
    return this.database.run(async (sql) => {
      const handlerIds = await handlerIdsOf(sql, this.database.tables, filter);
      const question = { sql, filter, handlerIds };
      const looks = filter.key === undefined ? await this.looks(question) : await this.ofKeys(question);
      const wanted = statusesOf(filter);
      const counts = STATUSES.map((status) => [
        status,
        wanted.includes(status) ? countOf(looks.get(status)) : 0,
      ]);
      return Object.fromEntries(counts) as DeliveryCounts;
    });
  }

  private async looks(question: Question): Promise<Map<DeliveryStatus, Look>> {
    const wanted = statusesOf(question.filter);
    // What is claimed and waits here is pending.
    const isOpen = (status: DeliveryStatus) =>
      wanted.includes(status) || (status === 'running' && wanted.includes('pending'));
    const looks = await this.look(question, OPEN.filter(isOpen));
    for (const status of wanted.filter((one) => !OPEN.includes(one)))
      looks.set(status, (await this.look(question, [status])).get(status)!);
    const waiting = Math.min(await this.waiting(question), looks.get('running')?.found ?? 0);
    add(looks, 'running', { looked: 0, found: -waiting });
    add(looks, 'pending', { looked: 0, found: waiting });
    return looks;
  }

  /**
   * One statement sees all statuses at one time: by one for each, a delivery that goes from one to another meanwhile would
   * be in none of them.
   */
  private async look(
    { sql, filter, handlerIds }: Question,
    statuses: readonly DeliveryStatus[],
  ): Promise<Map<DeliveryStatus, Look>> {
    const { tables } = this.database;
    const looks = new Map<DeliveryStatus, Look>();
    const asked = [...statuses];
    for (const ids of chunks(handlerIds, BATCH)) {
      const parts = asked.map((status, part) => {
        const { from, matches } = windowOn(
          this.database,
          sourcesOf(tables, status, filter, ids),
          status,
          filter,
          handlerIds,
        );
        const select = `SELECT ${part} AS part, count(*) AS looked, sum(CASE WHEN ${matches.sql} THEN 1 ELSE 0 END) AS found`;
        return { sql: `${select} ${from}`, parameters: matches.parameters };
      });
      if (parts.length === 0) break;
      const statement = parts.map((part) => part.sql).join(' UNION ALL ');
      const rows = await sql.rows(
        statement,
        parts.flatMap(({ parameters }) => parameters),
      );
      for (const row of rows)
        add(looks, asked[Number(row.part)]!, { looked: Number(row.looked), found: Number(row.found) });
      // What is not looked for by handler was looked at as a whole.
      asked.splice(0, asked.length, ...asked.filter((status) => isByHandler(status, filter)));
    }
    return looks;
  }

  /** How many of what is claimed wait in this process. */
  private async waiting({ sql, filter, handlerIds }: Question): Promise<number> {
    const ahead = new Set(this.ahead().map(keyOf));
    if (ahead.size === 0) return 0;
    const { tables } = this.database;
    const sources = sourcesOf(tables, 'running', filter, handlerIds);
    const { from, matches } = windowOn(this.database, sources, 'running', filter, handlerIds);
    const rows = await sql.rows(
      `SELECT d.handler_id, d.position ${from} WHERE ${matches.sql}`,
      matches.parameters,
    );
    return rows.filter((row) => isAmong(row, ahead)).length;
  }

  /** Exact, since whoever asks names them. */
  private async ofKeys({ sql, filter, handlerIds }: Question): Promise<Map<DeliveryStatus, Look>> {
    const { tables, dialect } = this.database;
    const looks = new Map<DeliveryStatus, Look>();
    const ahead = new Set(this.ahead().map(keyOf));
    const positions = await positionsOf(sql, tables, listOf(filter.key!));
    for (const batch of chunks(positions, BATCH)) {
      const these = dialect.syntax.oneOf(batch);
      const where = allOf([
        anyOf('d.handler_id', handlerIds),
        { sql: `d.position ${these.sql}`, parameters: these.parameters },
        ...eventConditions(filter, tables),
        ...failureConditions(filter, dialect.syntax),
      ]);
      for (const table of asksOfFailure(filter) ? [tables.delivery] : [tables.delivery, tables.finished]) {
        const rows = await sql.rows(
          `SELECT d.handler_id, d.position, d.state FROM ${table} d JOIN ${tables.event} e ON e.position = d.position
           WHERE ${where.sql}`,
          where.parameters,
        );
        for (const row of rows) {
          const status = isAmong(row, ahead) ? 'pending' : statusOf(row);
          looks.set(status, { looked: 0, found: (looks.get(status)?.found ?? 0) + 1 });
        }
      }
    }
    return looks;
  }
}

function add(looks: Map<DeliveryStatus, Look>, status: DeliveryStatus, { looked, found }: Look): void {
  const before = looks.get(status) ?? { looked: 0, found: 0 };
  looks.set(status, { looked: before.looked + looked, found: before.found + found });
}

/** Where it stopped looking, there may be more. */
function countOf(look: Look = { looked: 0, found: 0 }): DeliveryCount {
  if (look.looked <= COUNTED) return look.found;
  return { count: Math.min(look.found, COUNTED), atLeast: true };
}

function isAmong(row: Row, ahead: ReadonlySet<string>): boolean {
  return ahead.has(keyOf({ handlerId: Number(row.handler_id), position: Number(row.position) }));
}

function statusOf(row: Row): DeliveryStatus {
  return STATUSES.find((status) => DeliveryState[status] === Number(row.state))!;
}
