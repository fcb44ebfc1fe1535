import type { Coverage } from '../registry/coverage.js';
import type { Database } from '../db/database.js';
import { Ordering } from '../registry/known-handler.js';
import type { Row } from '../ports/sql.js';

/** A handler that some process has registered once, as it stands. */
export interface HandlerView {
  name: string;
  /** What it was called before. */
  formerNames: readonly string[];
  /** Its deliveries of one order key are handled one at a time, in log order. */
  ordered: boolean;
  /** It is given deliveries: not so where it was retired, or no process has had it for long. */
  collecting: boolean;
  /** Since when its deliveries are left alone by all processes; absent while they are handled. */
  pausedAt?: Date;
  /** Since when it is retired; absent where it is not. */
  retiredAt?: Date;
  /** When a process that has it was last heard of, by the database's clock; up to half a minute old. */
  lastHeartbeatAt?: Date;
}

/** All handlers of the log, by name. */
export async function handlerViews(database: Database): Promise<HandlerView[]> {
  const { tables } = database;
  return database.run(async (sql) => {
    const handlers = await sql.rows(`SELECT * FROM ${tables.handler} ORDER BY name`);
    const patterns = await sql.rows(`SELECT handler_id, heartbeat_at, coverage FROM ${tables.pattern}`);
    return handlers.map((row) =>
      handlerView(
        row,
        patterns.filter((pattern) => pattern.handler_id === row.id),
      ),
    );
  });
}

function handlerView(row: Row, patterns: readonly Row[]): HandlerView {
  const heartbeats = patterns.map((pattern) => Number(pattern.heartbeat_at));
  const [pausedAt, retiredAt] = [row.paused_at, row.retired_at].map((at) =>
    at === null ? undefined : new Date(Number(at)),
  );
  return {
    name: row.name as string,
    formerNames: JSON.parse(row.former_names as string) as string[],
    ordered: Number(row.ordered) === Ordering.byKey,
    collecting: patterns.some(({ coverage }) => (JSON.parse(coverage as string) as Coverage).active),
    ...(pausedAt ? { pausedAt } : {}),
    ...(retiredAt ? { retiredAt } : {}),
    ...(heartbeats.length > 0 ? { lastHeartbeatAt: new Date(Math.max(...heartbeats)) } : {}),
  };
}
