import {
  advanceFill,
  type Coverage,
  type CoveredEvent,
  isCovered,
  matchedAlready,
  needsReconciling,
  startFill,
} from './coverage.js';
import type { Database } from './database.js';
import type { HandlerRegistry, KnownHandler, KnownPattern } from './handler-registry.js';
import type { Horizon } from './horizon.js';
import type { DeliveryRow } from './rows.js';
import { optionalNumber, type Row, type Sql } from './sql.js';

const PAGE = 1000;

/** An event as fan-out sees it: no payload. */
interface FanOutEvent extends CoveredEvent {
  group: string;
  orderKey: string | null;
  availableAt: number | null;
}

/** Creates the deliveries that the writer of an event could not: of handlers that it did not know. */
export class FanOut {
  constructor(
    private readonly database: Database,
    private readonly registry: HandlerRegistry,
    private readonly horizon: Horizon,
  ) {}

  /**
   * Passes over the log in order, up to the safe horizon, and creates what writers with an older registry left out.
   * Returns how many deliveries were created.
   */
  async reconcile(): Promise<number> {
    const horizon = await this.horizon.advance();
    let created = 0;
    for (;;) {
      const step = await this.reconcilePage(horizon);
      created += step.created;
      if (step.done) return created;
    }
  }

  /** Goes on with every backfill that is under way; returns how many deliveries were created. */
  async continueFills(): Promise<number> {
    let created = 0;
    for (const handler of this.registry.known) {
      for (const pattern of handler.patterns) {
        if (pattern.coverage.fill) created += await this.fill(handler.id, pattern.id);
      }
    }
    return created;
  }

  /** Gives the handler the events after this position which it was never given; returns how many. */
  async backfill(handler: KnownHandler, after: number): Promise<number> {
    const upTo = await this.horizon.advance();
    const active = handler.patterns.filter((pattern) => pattern.coverage.active);
    await this.registry.changing(async (sql) => {
      for (const pattern of active) await this.registry.saveCoverage(sql, pattern.id, startFill(pattern.coverage, after, upTo));
      return true;
    });
    let created = 0;
    for (const pattern of active) created += await this.fill(handler.id, pattern.id);
    return created;
  }

  private async reconcilePage(horizon: number): Promise<{ created: number; done: boolean }> {
    const { tables, dialect } = this.database;
    let page = { created: 0, done: true };
    if ((await this.database.run((sql) => this.cursor(sql))) >= horizon) return page;
    await this.registry.changing(async (sql) => {
      const cursor = await this.cursor(sql);
      if (cursor >= horizon) return false;
      const version = this.registry.currentVersion;
      const events = await this.events(sql, cursor, horizon, 'AND registry_version < ?', [version]);
      const rows = events.flatMap((event) => this.missing(event));
      await dialect.deliver(sql, tables, rows, this.database.time());
      const done = events.length < PAGE;
      const reached = done ? horizon : events.at(-1)!.position;
      await sql.change(`UPDATE ${tables.state} SET value = ? WHERE name = 'fan_out'`, [reached]);
      page = { created: rows.length, done };
      return false;
    });
    return page;
  }

  private async cursor(sql: Sql): Promise<number> {
    const row = await sql.row(`SELECT value FROM ${this.database.tables.state} WHERE name = 'fan_out'`);
    return Number(row!.value);
  }

  private missing(event: FanOutEvent): DeliveryRow[] {
    return this.registry.known
      .filter(({ patterns }) => {
        const matching = patterns.filter((pattern) => pattern.regexp.test(event.group));
        const wanted = matching.some((pattern) => needsReconciling(pattern.coverage, event));
        return wanted && !matching.some((pattern) => matchedAlready(pattern.coverage, event));
      })
      .map((handler) => deliveryRow(handler, event));
  }

  private async fill(handlerId: number, patternId: number): Promise<number> {
    let created = 0;
    for (;;) {
      const step = await this.fillPage(handlerId, patternId);
      created += step.created;
      if (step.done) return created;
    }
  }

  /** One page of a backfill: what it matched and how far it got are committed together. */
  private async fillPage(handlerId: number, patternId: number): Promise<{ created: number; done: boolean }> {
    const { tables, dialect } = this.database;
    let page = { created: 0, done: true };
    await this.registry.changing(async (sql) => {
      const handler = this.registry.byId(handlerId);
      const pattern = handler?.patterns.find(({ id }) => id === patternId);
      const fill = pattern?.coverage.fill;
      if (!handler || !pattern || !fill) return false;
      const events = await this.events(sql, fill.cursor, fill.upTo, '', []);
      const rows = events.filter((event) => isMissed(handler, pattern, event)).map((event) => deliveryRow(handler, event));
      await dialect.deliver(sql, tables, rows, this.database.time());
      const reached = events.length < PAGE ? fill.upTo : events.at(-1)!.position;
      const coverage: Coverage = advanceFill(pattern.coverage, reached);
      await this.registry.saveCoverage(sql, patternId, coverage);
      page = { created: rows.length, done: coverage.fill === undefined };
      return true;
    });
    return page;
  }

  private async events(sql: Sql, after: number, upTo: number, where: string, parameters: unknown[]): Promise<FanOutEvent[]> {
    const rows = await sql.rows(
      `SELECT position, event_group, registry_version, order_key, available_at FROM ${this.database.tables.event}
       WHERE position > ? AND position <= ? ${where} ORDER BY position LIMIT ${PAGE}`,
      [after, upTo, ...parameters],
    );
    return rows.map(fanOutEvent);
  }
}

function isMissed(handler: KnownHandler, pattern: KnownPattern, event: FanOutEvent): boolean {
  if (!pattern.regexp.test(event.group)) return false;
  return !handler.patterns.some(({ regexp, coverage }) => isCovered(coverage, event) && regexp.test(event.group));
}

function deliveryRow(handler: KnownHandler, event: FanOutEvent): DeliveryRow {
  const { position, orderKey, availableAt } = event;
  return { handlerId: handler.id, rank: handler.rank, position, orderKey, availableAt };
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
