import { withProgress } from '../../core/progress.js';
import {
  advanceFill,
  type Coverage,
  type CoveredEvent,
  isLeftToFill,
  isLeftToReconcile,
  startFill,
} from './coverage.js';
import type { Database } from '../db/database.js';
import type { HandlerRegistry, KnownHandler, KnownPattern } from './handler-registry.js';
import type { Horizon } from '../db/horizon.js';
import { FAN_OUT, Position } from '../db/position.js';
import type { DeliveryRow, HandlerTarget } from '../ports/rows.js';
import { optionalNumber, type Row, type Sql } from '../ports/sql.js';

const PAGE = 1000;

/** An event as fan-out sees it: no payload. */
interface FanOutEvent extends CoveredEvent {
  group: string;
  orderKey: string | null;
  availableAt: number | null;
}

interface FanOutPage {
  created: number;
  /** Position of the last event that was looked at. */
  reached?: number;
  /** There is no page after it. */
  done: boolean;
}

/** Creates the deliveries that the writer of an event could not: of handlers that it did not know. */
export class FanOut {
  private readonly passed: Position;

  constructor(
    private readonly database: Database,
    private readonly registry: HandlerRegistry,
    private readonly horizon: Horizon,
    /** Told every ten seconds how far a long pass is. */
    private readonly say: (line: string) => void = () => undefined,
  ) {
    this.passed = new Position(database, FAN_OUT);
  }

  /**
   * Passes over the log in order, up to the safe horizon, and creates what writers with an older registry left out.
   * Returns how many deliveries were created.
   */
  async reconcile(): Promise<number> {
    const horizon = await this.horizon.advance();
    return this.inPages(`Fan-out, up to position ${horizon}`, () => this.reconcilePage(horizon));
  }

  /** Goes on with every backfill that is under way; returns how many deliveries were created. After `reconcile`. */
  async continueFills(): Promise<number> {
    let created = 0;
    for (const handler of this.registry.known) {
      for (const pattern of handler.patterns) {
        if (pattern.coverage.fill && pattern.coverage.active)
          created += await this.fill(handler.id, pattern.id);
      }
    }
    return created;
  }

  /** Gives the handler the events after this position which it was never given; returns how many. */
  async backfill(handler: KnownHandler, after: number): Promise<number> {
    const filling: number[] = [];
    await this.registry.changing(async (sql) => {
      for (const { id, coverage } of this.registry.byId(handler.id)?.patterns ?? []) {
        if (!coverage.active) continue;
        filling.push(id);
        // Behind that, writers and the reconciler leave nothing out.
        await this.registry.saveCoverage(sql, id, startFill(coverage, after, coverage.active.after));
      }
      return filling.length > 0;
    });
    await this.reconcile();
    let created = 0;
    for (const id of filling) created += await this.fill(handler.id, id);
    return created;
  }

  private async reconcilePage(horizon: number): Promise<FanOutPage> {
    const { tables, dialect } = this.database;
    let page: FanOutPage = { created: 0, done: true };
    if ((await this.database.run((sql) => this.passed.read(sql))) >= horizon) return page;
    await this.registry.changing(async (sql) => {
      const cursor = await this.passed.read(sql);
      if (cursor >= horizon) return false;
      const version = this.registry.currentVersion;
      const events = await this.events(sql, cursor, horizon, 'AND registry_version < ?', [version]);
      const done = events.length < PAGE;
      const reached = done ? horizon : events.at(-1)!.position;
      if (!(await this.passed.move(sql, cursor, reached))) return false;
      const rows = events.flatMap((event) => this.missing(event));
      await dialect.deliveries.create(sql, tables, rows, this.database.time());
      page = { created: rows.length, reached, done };
      return false;
    });
    return page;
  }

  private missing(event: FanOutEvent): DeliveryRow[] {
    const handlers = this.registry.known.filter((handler) =>
      isLeftToReconcile(matching(handler, event), event),
    );
    return this.registry.targetsAmong(handlers).map((target) => deliveryRow(target, event));
  }

  private fill(handlerId: number, patternId: number): Promise<number> {
    const name = this.registry.byId(handlerId)?.name ?? handlerId;
    return this.inPages(`Backfill of ${name}`, () => this.fillPage(handlerId, patternId));
  }

  /** Page after page until one is the last; returns how many deliveries were created. */
  private inPages(what: string, page: () => Promise<FanOutPage>): Promise<number> {
    let created = 0;
    let reached: number | undefined;
    const line = () => `${what}: at position ${reached ?? '?'}, ${created} deliveries created so far`;
    return withProgress(this.say, line, async () => {
      for (;;) {
        const step = await page();
        created += step.created;
        reached = step.reached ?? reached;
        if (step.done) return created;
      }
    });
  }

  /**
   * One page of a backfill: what it matched and how far it got are committed together. It stays behind the reconciler,
   * which would take what lies before it for matched.
   */
  private async fillPage(handlerId: number, patternId: number): Promise<FanOutPage> {
    const { tables, dialect } = this.database;
    let page: FanOutPage = { created: 0, done: true };
    await this.registry.changing(async (sql) => {
      const handler = this.registry.byId(handlerId);
      const pattern = handler?.patterns.find(({ id }) => id === patternId);
      const fill = pattern?.coverage.fill;
      const upTo = Math.min(fill?.upTo ?? 0, await this.passed.read(sql));
      if (!handler || !pattern || !fill || upTo <= fill.cursor) return false;
      const events = await this.events(sql, fill.cursor, upTo, '', []);
      const rows = events
        .filter((event) => isMissed(handler, pattern, event))
        .map((event) => deliveryRow(handler, event));
      await dialect.deliveries.create(sql, tables, rows, this.database.time());
      const reached = events.length < PAGE ? upTo : events.at(-1)!.position;
      const coverage: Coverage = advanceFill(pattern.coverage, reached);
      await this.registry.saveCoverage(sql, patternId, coverage);
      page = { created: rows.length, reached, done: reached === upTo };
      return true;
    });
    return page;
  }

  private async events(
    sql: Sql,
    after: number,
    upTo: number,
    where: string,
    parameters: unknown[],
  ): Promise<FanOutEvent[]> {
    const rows = await sql.rows(
      `SELECT position, event_group, registry_version, order_key, available_at FROM ${this.database.tables.event}
       WHERE position > ? AND position <= ? ${where} ORDER BY position LIMIT ${PAGE}`,
      [after, upTo, ...parameters],
    );
    return rows.map(fanOutEvent);
  }
}

function isMissed(handler: KnownHandler, pattern: KnownPattern, event: FanOutEvent): boolean {
  return pattern.regexp.test(event.group) && isLeftToFill(matching(handler, event), event);
}

/** Coverage of the handler's patterns that match the event. */
function matching({ patterns }: KnownHandler, event: FanOutEvent): Coverage[] {
  return patterns.filter(({ regexp }) => regexp.test(event.group)).map(({ coverage }) => coverage);
}

function deliveryRow({ id, rank, ordered, wait }: HandlerTarget, event: FanOutEvent): DeliveryRow {
  const { position, availableAt } = event;
  return { handlerId: id, rank, position, orderKey: ordered ? event.orderKey : null, availableAt, wait };
}

function fanOutEvent(row: Row): FanOutEvent {
  return {
    position: Number(row.position),
    group: row.event_group as string,
    registryVersion: Number(row.registry_version),
    orderKey: row.order_key as string | null,
    availableAt: optionalNumber(row.available_at) ?? null,
  };
}
