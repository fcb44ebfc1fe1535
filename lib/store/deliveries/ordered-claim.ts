import type { Database } from '../db/database.js';
import type { ClaimResult } from '../ports/claim-result.js';
import type { ClaimQuota, ClaimRequest } from '../ports/delivery-sql.js';
import type { KeyHead } from '../ports/key-order.js';
import { type ClaimedDelivery, SUSPECT_RESCUES } from '../ports/rows.js';

/** Order keys that are looked at by one statement. */
const PAGE = 200;

/** Milliseconds until the next try where another process was claiming of the same handler. */
const SOON = 5;

export type OrderedClaimRequest = Omit<ClaimRequest, 'due' | 'keyed'>;

export interface OrderedClaimParts {
  database: Database;
  /** Whether the handler may have deliveries with an order key. */
  isKeyed: (handlerId: number) => boolean;
  /** Told that there may be something to claim in so many milliseconds. */
  again: (wait: number) => unknown;
}

/**
 * Claims deliveries that have an order key: of each key the first in the log that is left, when none of the key runs and
 * it is due. One process at a time claims of a handler, by a lock on the handler's row: two that each saw another
 * delivery as the first, since one of the events was committed in between, would run both.
 */
export class OrderedClaim {
  /** By handler: the key behind which the next look begins, so that no key is looked at before the others were. */
  private readonly cursors = new Map<number, string>();

  constructor(private readonly parts: OrderedClaimParts) {}

  /** The quotas of handlers that may have order keys. */
  quotasOf(quotas: readonly ClaimQuota[]): ClaimQuota[] {
    return quotas.filter(({ handlerId }) => this.parts.isKeyed(handlerId));
  }

  /** Rejects when it failed before anything was claimed. */
  async claim(request: OrderedClaimRequest): Promise<ClaimResult> {
    const claimed: ClaimedDelivery[] = [];
    const failures: unknown[] = [];
    for (const quota of request.quotas) {
      try {
        claimed.push(...(await this.claimOf(quota, request)));
      } catch (error) {
        // What is claimed has to be run.
        if (claimed.length === 0) throw error;
        failures.push(error);
      }
    }
    return { claimed, failures };
  }

  private async claimOf(quota: ClaimQuota, request: OrderedClaimRequest): Promise<ClaimedDelivery[]> {
    // Few are suspects: the claim finds them by an index of their own.
    if (request.suspects || request.positions) return this.claimFirst(quota, request);
    const heads = await this.dueHeads(quota);
    if (heads.length === 0) return [];
    const positions = heads.map(({ position }) => position);
    const claimed = await this.claimFirst(quota, { ...request, positions });
    // Somebody else had the lock, or changed one of the keys meanwhile.
    if (claimed.length < heads.length) this.parts.again(SOON * (1 + Math.random()));
    return claimed;
  }

  /** Those of the positions that are first in their keys now, under the lock. */
  private async claimFirst(quota: ClaimQuota, request: OrderedClaimRequest): Promise<ClaimedDelivery[]> {
    const { database } = this.parts;
    const { dialect, tables } = database;
    const lock = request.patient ? dialect.locks.forUpdate : dialect.locks.skipLocked;
    return database.transaction(async (sql) => {
      const statement = `SELECT id FROM ${tables.handler} WHERE id = ? ${lock}`;
      if (!(await sql.row(statement, [quota.handlerId]))) return [];
      const due = database.time();
      return dialect.deliveries.claim(sql, tables, { ...request, quotas: [quota], keyed: true, due });
    });
  }

  /** Of as many keys as wanted, from the cursor on and round to it; without locks, so some may be taken by now. */
  private async dueHeads({ handlerId, take }: ClaimQuota): Promise<KeyHead[]> {
    const start = this.cursors.get(handlerId) ?? '';
    const found: KeyHead[] = [];
    let soonest = Infinity;
    for await (const head of this.round(handlerId, start)) {
      if (head.running || head.rescues >= SUSPECT_RESCUES) continue;
      if (head.dueIn > 0) soonest = Math.min(soonest, head.dueIn);
      else if (found.push(head) === take) break;
    }
    if (soonest < Infinity) this.parts.again(soonest);
    // Where fewer were found than wanted, all keys had their turn.
    this.cursors.set(handlerId, found.length === take ? found.at(-1)!.orderKey : '');
    return found;
  }

  /** The first of each key, beginning behind one key and ending with it. */
  private async *round(handlerId: number, start: string): AsyncGenerator<KeyHead> {
    yield* this.behind(handlerId, start);
    if (start === '') return;
    for await (const head of this.behind(handlerId, '')) {
      if (isBehind(head.orderKey, start)) return;
      yield head;
    }
  }

  private async *behind(handlerId: number, key: string): AsyncGenerator<KeyHead> {
    const { database } = this.parts;
    const { dialect, tables } = database;
    for (let after = key; ;) {
      const scan = { handlerId, after, limit: PAGE, due: database.time() };
      const { heads, end } = await database.run((sql) => dialect.keyOrder.heads(sql, tables, scan));
      yield* heads;
      if (end || heads.length === 0) return;
      after = heads.at(-1)!.orderKey;
    }
  }
}

/** Byte by byte, as the databases compare keys; not by UTF-16 code units, as JavaScript does. */
function isBehind(key: string, other: string): boolean {
  return Buffer.compare(Buffer.from(key), Buffer.from(other)) > 0;
}
