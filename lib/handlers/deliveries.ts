import { describe } from '../core/describe.js';
import { InvalidOptionError } from '../core/errors.js';
import { assertKnownOptions, assertNoneUndefined } from '../core/options/known-options.js';
import { messageOf } from '../core/thrown.js';
import { harmless } from '../core/harmless.js';
import type { Database } from '../store/db/database.js';
import type { CancelledDeliveries, DeliveryChanges } from '../store/deliveries/delivery-changes.js';
import { type DeliveryFilter, listOf } from '../store/deliveries/delivery-filter.js';
import type { DeliveryId } from '../store/ports/delivery-ids.js';
import type { FanOut } from '../store/registry/fan-out.js';
import type { EventReader } from '../store/log/event-reader.js';
import type { HandlerRegistry, KnownHandler } from '../store/registry/handler-registry.js';
import type { DeliveryCounting, DeliveryCounts } from '../store/views/delivery-counts.js';
import type { DeliveryQueries, DeliveryView, FoundDelivery } from '../store/views/delivery-queries.js';
import { type HandlerView, handlerViews } from '../store/views/handler-views.js';
import { type AllDeliveries, assertFilter, filterOfChange } from './delivery-filter-checks.js';
import { UnknownHandlerError } from './errors.js';
import type { Promoter } from './attempt/promoter.js';

/** The highest id of a handler: a 32-bit column. */
const LAST_HANDLER = 2 ** 31 - 1;

export interface DeliveryPageRequest {
  /** Deliveries in a page. Default 100, at most 1000. */
  limit?: number;
  /** `next` of the page before. */
  after?: string;
  /** From the end of the log to its start. Default false. */
  newestFirst?: boolean;
  /** Each item with its event's `data`, entities loaded. Default false. */
  withData?: boolean;
}

export interface DeliveryPage {
  items: DeliveryView[];
  /** Give it as `after` for the next page; absent on the last. */
  next?: string;
}

export interface DeliveryChangeOptions {
  /** Ends it after the transaction under way; what was changed by then stays changed. */
  signal?: AbortSignal;
  /** Called after each transaction, of up to 1,000 deliveries. */
  onProgress?: (progress: { changed: number }) => void;
}

export interface BackfillOptions {
  /** Events from this time, or this position, on. Default: all. */
  from?: Date | number;
}

export interface DeliveriesParts {
  reader: Pick<EventReader, 'recorded'>;
  queries: DeliveryQueries;
  counting: DeliveryCounting;
  changes: DeliveryChanges;
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
  /** Told of what `onProgress` threw. */
  failed: (error: unknown) => void;
}

/** Looks into and steers deliveries: one event for one handler each. */
export class Deliveries {
  constructor(private readonly parts: DeliveriesParts) {}

  /** Deliveries in log order, or newest first, a page at a time. Throws `UnknownHandlerError`. */
  async list(filter: DeliveryFilter = {}, page: DeliveryPageRequest = {}): Promise<DeliveryPage> {
    assertFilter(filter, 'Deliveries.list, filter');
    const limit = limitOf(page);
    const after = cursorOf(page.after);
    const found = await this.parts.queries.list(await this.named(filter), after, limit + 1, page);
    const shown = found.slice(0, limit);
    const last = shown.at(-1);
    const next = found.length > limit && last ? { next: `${last.view.position}.${last.handlerId}` } : {};
    return { items: await Promise.all(shown.map((one) => this.withData(one))), ...next };
  }

  /** A delivery may be dead for its data: that keeps nobody from seeing it and the others. */
  private async withData({ view, event }: FoundDelivery): Promise<DeliveryView> {
    if (!event) return view;
    try {
      return { ...view, data: (await this.parts.reader.recorded(event)).data };
    } catch (error) {
      return { ...view, dataError: messageOf(error) };
    }
  }

  /**
   * How many deliveries there are of each status. It looks at 10,000 of each at most, and so takes no longer where there are
   * more: then the count is `{ count, atLeast: true }`. Those of given keys are counted exactly. Throws
   * `UnknownHandlerError`.
   */
  async counts(filter: DeliveryFilter = {}): Promise<DeliveryCounts> {
    assertFilter(filter, 'Deliveries.counts, filter');
    return this.parts.counting.counts(await this.named(filter));
  }

  /**
   * Makes dead and cancelled deliveries pending again, with all their attempts; returns how many. In transactions of up to
   * 1,000: what is done when it fails or is ended stays done. Throws `UnknownHandlerError`.
   */
  async retry(filter: DeliveryFilter | AllDeliveries, options: DeliveryChangeOptions = {}): Promise<number> {
    const where = 'Deliveries.retry';
    const wanted = await this.wanted(filter, options, where);
    return this.change(this.parts.changes.retry(wanted), options, (retried) => {
      if (retried > 0) this.parts.wake();
      return retried;
    });
  }

  /**
   * Cancels pending and dead deliveries; running ones are told by their signal. Returns how many. In transactions of up to
   * 1,000, as `retry`. Throws `UnknownHandlerError`.
   */
  async cancel(filter: DeliveryFilter | AllDeliveries, options: DeliveryChangeOptions = {}): Promise<number> {
    const where = 'Deliveries.cancel';
    const wanted = await this.wanted(filter, options, where);
    return this.change(this.parts.changes.cancel(wanted), options, (page) => this.cancelled(page));
  }

  /**
   * Gives a handler the events that it was never given, each at most once; resolves when they have their deliveries,
   * with how many. Goes on by itself when the process dies meanwhile. Throws `UnknownHandlerError`.
   */
  async backfill(handler: string, options: BackfillOptions = {}): Promise<number> {
    assertKnownOptions(options, ['from'], 'Deliveries.backfill');
    assertNoneUndefined(options, 'Deliveries.backfill');
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

  private async cancelled({ cancelled, running }: CancelledDeliveries): Promise<number> {
    this.parts.cancelled(running);
    await this.parts.promoter.afterAll(cancelled);
    // What waited behind them in their order keys.
    if (cancelled.length > 0) this.parts.wake();
    return cancelled.length + running.length;
  }

  /** Page after page; `done` tells others of one, and says how many it changed. */
  private async change<Page>(
    pages: AsyncIterable<Page>,
    { signal, onProgress }: DeliveryChangeOptions,
    done: (page: Page) => number | Promise<number>,
  ): Promise<number> {
    let changed = 0;
    for await (const page of pages) {
      changed += await done(page);
      if (onProgress) harmless(() => onProgress({ changed }), this.parts.failed);
      if (signal?.aborted) break;
    }
    return changed;
  }

  private wanted(
    filter: DeliveryFilter | AllDeliveries,
    options: DeliveryChangeOptions,
    where: string,
  ): Promise<DeliveryFilter> {
    assertKnownOptions(options, ['signal', 'onProgress'], where);
    return this.named(filterOfChange(filter, `${where}, filter`));
  }

  /** The filter with its handlers as they are called now. */
  private async named(filter: DeliveryFilter): Promise<DeliveryFilter> {
    if (filter.handler === undefined) return filter;
    const names = listOf(filter.handler);
    if (names.length > 0) await this.parts.registry.refresh();
    return { ...filter, handler: names.map((name) => this.registered(name).name) };
  }

  private async known(name: string): Promise<KnownHandler> {
    await this.parts.registry.refresh();
    return this.registered(name);
  }

  private registered(name: string): KnownHandler {
    const { registry } = this.parts;
    const known = registry.byName(name);
    if (known) return known;
    const names = registry.known.map((handler) => handler.name);
    throw new UnknownHandlerError(name, names);
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

/** Throws for anything of the page that may not be, but its cursor. */
function limitOf(page: DeliveryPageRequest): number {
  assertKnownOptions(page, ['limit', 'after', 'newestFirst', 'withData'], 'Deliveries.list');
  for (const option of ['newestFirst', 'withData'] as const) {
    const value: unknown = page[option];
    if (value === undefined || typeof value === 'boolean') continue;
    throw new InvalidOptionError(option, 'true or false', describe(value), 'Deliveries.list');
  }
  const { limit = 100 } = page;
  if (Number.isInteger(limit) && limit >= 1) return Math.min(limit, 1000);
  throw new InvalidOptionError('limit', 'a whole number, 1 or more', describe(limit), 'Deliveries.list');
}

/** No database takes a number that is too large for its column. */
function cursorOf(after: string | undefined): [number, number] | undefined {
  if (after === undefined) return undefined;
  const match = typeof after === 'string' ? /^(\d+)\.(\d+)$/.exec(after) : null;
  const [position, handlerId] = [Number(match?.[1]), Number(match?.[2])];
  if (Number.isSafeInteger(position) && handlerId <= LAST_HANDLER) return [position, handlerId];
  throw new InvalidOptionError('after', '`next` of the page before', describe(after), 'Deliveries.list');
}
