import type { DeliveryId } from '../store/dialect.js';
import { keyOf } from './delivery-key.js';

interface Open {
  since: number;
  /** The database has shown it: its transaction has committed, and nobody was told. */
  seen: boolean;
}

/** Milliseconds that a transaction has before somebody looks for what became of it. */
const PATIENCE = 1000;

/**
 * Deliveries that this process created as claimed, in transactions of which it has not been told how they ended. It is
 * not told where a transaction ends past TypeORM (a raw COMMIT) or with its connection. What is taken out here
 * is given back or run by whoever took it, and by nobody else.
 */
export class UnsettledPreclaims {
  private readonly open = new Map<string, Open>();

  constructor(
    /** Milliseconds after which one that the database does not show is taken for rolled back. */
    private readonly expiry: number,
    private readonly now: () => number = () => performance.now(),
  ) {}

  get size(): number {
    return this.open.size;
  }

  /** Some have been open for so long that it is worth asking the database. */
  get isOverdue(): boolean {
    const [oldest] = this.open.values();
    return oldest !== undefined && this.now() - oldest.since >= PATIENCE;
  }

  add(id: DeliveryId): void {
    this.open.set(keyOf(id), { since: this.now(), seen: false });
  }

  /** True when it was here still: it is the caller's now. */
  take(id: DeliveryId): boolean {
    return this.open.delete(keyOf(id));
  }

  has(id: DeliveryId): boolean {
    return this.open.has(keyOf(id));
  }

  clear(): void {
    this.open.clear();
  }

  /**
   * Of what the database shows as this worker's: those that are to be given back, since a second look shows them and
   * nobody has told of their commit. They are taken out, as is what has not shown for too long.
   */
  overdue(held: readonly DeliveryId[]): DeliveryId[] {
    const shown = held.filter((id) => this.open.has(keyOf(id)));
    const again = shown.filter((id) => this.open.get(keyOf(id))!.seen);
    for (const id of shown) this.open.get(keyOf(id))!.seen = true;
    for (const id of again) this.open.delete(keyOf(id));
    this.forgetExpired();
    return again;
  }

  private forgetExpired(): void {
    const before = this.now() - this.expiry;
    for (const [key, { since, seen }] of this.open) if (!seen && since < before) this.open.delete(key);
  }
}
