import { describe } from '../core/describe.js';
import { InvalidOptionError } from '../core/errors.js';
import { assertKnownOptions } from '../core/options/known-options.js';
import type { Database } from '../store/db/database.js';
import type {
  DeliveryFilter,
  DeliveryQueries,
  DeliveryStatus,
  DeliveryView,
} from '../store/views/delivery-queries.js';
import type { DeliveryId } from '../store/ports/dialect.js';
import type { FanOut } from '../store/registry/fan-out.js';
import type { HandlerRegistry, KnownHandler } from '../store/registry/handler-registry.js';
import { type HandlerView, handlerViews } from '../store/views/handler-views.js';
import { DeliveryState } from '../store/ports/rows.js';
import { UnknownHandlerError } from './errors.js';
import type { Promoter } from './attempt/promoter.js';

const FILTERS = ['status', 'handler', 'group', 'key', 'before', 'after'];
const WHERE = 'Deliveries filter';

export interface DeliveryPageRequest {
  /** Deliveries in a page. Default 100, at most 1000. */
  limit?: number;
  /** `next` of the page before. */
  after?: string;
}

export interface DeliveryPage {
  items: DeliveryView[];
  /** Give it as `after` for the next page; absent on the last. */
  next?: string;
}

export interface BackfillOptions {
  /** Events from this time, or this position, on. Default: all. */
  from?: Date | number;
}

export interface DeliveriesParts {
  queries: DeliveryQueries;
  registry: HandlerRegistry;
  fanOut: FanOut;
  database: Database;
  /** Gives back what this process has claimed of handlers that it may not run any more. */
  heedPauses: () => Promise<void>;
  /** Tells running handlers of this process that they were cancelled. */
  cancelled: (ids: readonly DeliveryId[]) => void;
  /** Makes due what waited for those that were cancelled. */
  promoter: Pick<Promoter, 'afterAll'>;
  /** Something may be due. */
  wake: () => void;
}

/** Looks into and steers deliveries: one event for one handler each. */
export class Deliveries {
  constructor(private readonly parts: DeliveriesParts) {}

  /** Deliveries in log order, a page at a time. */
  async list(filter: DeliveryFilter = {}, page: DeliveryPageRequest = {}): Promise<DeliveryPage> {
    assertFilter(filter);
    const limit = limitOf(page);
    const found = await this.parts.queries.list(filter, cursorOf(page.after), limit + 1);
    const items = found.slice(0, limit);
    const last = items.at(-1);
    const next = found.length > limit && last ? { next: `${last.position}.${last.handlerId}` } : {};
    return { items: items.map(({ handlerId: _, ...item }) => item), ...next };
  }

  /** How many deliveries there are of each status. */
  async counts(filter: DeliveryFilter = {}): Promise<Record<DeliveryStatus, number>> {
    assertFilter(filter);
    return this.parts.queries.counts(filter);
  }

  /** Makes dead and cancelled deliveries pending again, with all their attempts; returns how many. */
  async retry(filter: DeliveryFilter = {}): Promise<number> {
    assertFilter(filter);
    const retried = await this.parts.queries.retry(filter);
    if (retried > 0) this.parts.wake();
    return retried;
  }

  /** Cancels pending and dead deliveries; running ones are told by their signal. Returns how many. */
  async cancel(filter: DeliveryFilter = {}): Promise<number> {
    assertFilter(filter);
    const { cancelled, running } = await this.parts.queries.cancel(filter);
    this.parts.cancelled(running);
    await this.parts.promoter.afterAll(cancelled);
    // What waited behind them in their order keys.
    if (cancelled.length > 0) this.parts.wake();
    return cancelled.length + running.length;
  }

  /**
   * Gives a handler the events that it was never given, each at most once; resolves when they have their deliveries,
   * with how many. Goes on by itself when the process dies meanwhile. Throws `UnknownHandlerError`.
   */
  async backfill(handler: string, options: BackfillOptions = {}): Promise<number> {
    assertKnownOptions(options, ['from'], 'Deliveries.backfill');
    const known = await this.known(handler);
    const created = await this.parts.fanOut.backfill(known, await this.startOf(options.from));
    this.parts.wake();
    return created;
  }

  /**
   * Stops collecting deliveries for a handler that is gone for good. What it has stays visible; a process that
   * registers it again gets what it missed. Throws `UnknownHandlerError`.
   */
  async retire(handler: string): Promise<void> {
    await this.parts.registry.retire(await this.known(handler));
  }

  /**
   * Has all processes leave the handler's deliveries alone, this one at once and the others within their poll interval.
   * What runs is not disturbed; events go on being collected for it. It stays so, also through deploys, until `resume`.
   * Throws `UnknownHandlerError`.
   */
  async pause(handler: string): Promise<void> {
    await this.parts.registry.setPaused(await this.known(handler), true);
    await this.parts.heedPauses();
  }

  /** Has processes handle a paused handler's deliveries again. Throws `UnknownHandlerError`. */
  async resume(handler: string): Promise<void> {
    await this.parts.registry.setPaused(await this.known(handler), false);
    this.parts.wake();
  }

  /** The handlers of all processes, also of such as run no more, by name. */
  async handlers(): Promise<HandlerView[]> {
    return handlerViews(this.parts.database);
  }

  private async known(name: string): Promise<KnownHandler> {
    const { registry } = this.parts;
    await registry.refresh();
    const known = registry.byName(name);
    if (!known)
      throw new UnknownHandlerError(
        name,
        registry.known.map((handler) => handler.name),
      );
    return known;
  }

  private async startOf(from: Date | number | undefined): Promise<number> {
    if (from === undefined) return 0;
    if (typeof from === 'number' && Number.isSafeInteger(from)) return Math.max(from - 1, 0);
    if (from instanceof Date && !Number.isNaN(from.getTime())) {
      return ((await this.parts.queries.positionAt(from)) ?? Number.MAX_SAFE_INTEGER) - 1;
    }
    throw new InvalidOptionError('from', 'a valid Date or a position', describe(from), 'Deliveries.backfill');
  }
}

function limitOf(page: DeliveryPageRequest): number {
  assertKnownOptions(page, ['limit', 'after'], 'Deliveries.list');
  const { limit = 100 } = page;
  if (Number.isInteger(limit) && limit >= 1) return Math.min(limit, 1000);
  throw new InvalidOptionError('limit', 'a whole number, 1 or more', describe(limit), 'Deliveries.list');
}

function cursorOf(after: string | undefined): [number, number] {
  if (after === undefined) return [0, 0];
  const match = /^(\d+)\.(\d+)$/.exec(after);
  if (match) return [Number(match[1]), Number(match[2])];
  throw new InvalidOptionError('after', '`next` of the page before', describe(after), 'Deliveries.list');
}

function assertFilter(filter: DeliveryFilter): void {
  assertKnownOptions(filter, FILTERS, WHERE);
  const { status = [], before, after } = filter;
  const known = Object.keys(DeliveryState);
  const unknown = (typeof status === 'string' ? [status] : status).find(
    (candidate) => !known.includes(candidate),
  );
  if (unknown !== undefined)
    throw new InvalidOptionError('status', `one of ${known.join(', ')}`, describe(unknown), WHERE);
  for (const [name, date] of Object.entries({ before, after })) {
    const valid = date === undefined || (date instanceof Date && !Number.isNaN(date.getTime()));
    if (!valid) throw new InvalidOptionError(name, 'a valid Date', describe(date), WHERE);
  }
}
