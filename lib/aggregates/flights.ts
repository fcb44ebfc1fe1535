import type { QueryRunner } from 'typeorm';
import type { AppendedEvent } from '../store/commits/appended-event.js';
import type { CommitListener } from '../store/commits/commit-hub.js';
import { type Aggregate, PENDING, type PendingEvent } from './aggregate.js';
import { AggregateInFlightError } from './errors.js';

/** Events of one aggregate that were recorded in a transaction whose end is not known yet. */
interface Flight {
  readonly aggregate: Aggregate;
  readonly events: readonly PendingEvent[];
  readonly runner: QueryRunner;
  readonly positions: readonly number[];
  /** TypeORM says that the transaction was committed. */
  isReported: boolean;
  readonly landed: () => void;
}

export interface FlightsParts {
  /** Resolves when the commits that were reported are proven. */
  proven: () => Promise<void>;
}

/**
 * The pending events of aggregates that were saved in callers' transactions. They are forgotten when a read has shown them,
 * and given back when they were rolled back, by a savepoint too, or when nobody can say what became of them.
 */
export class Flights implements CommitListener {
  private readonly byPosition = new Map<number, Flight>();
  private readonly byAggregate = new WeakMap<Aggregate, Set<Flight>>();

  constructor(private readonly parts: FlightsParts) {}

  /** `landed` is called when they are proven to be in the log. */
  begin(flight: Omit<Flight, 'isReported'>): void {
    const begun = { ...flight, isReported: false };
    for (const position of flight.positions) this.byPosition.set(position, begun);
    const flights = this.byAggregate.get(flight.aggregate) ?? new Set();
    this.byAggregate.set(flight.aggregate, flights.add(begun));
  }

  /** Whether events of the aggregate are in flight. */
  has(aggregate: Aggregate): boolean {
    return (this.byAggregate.get(aggregate)?.size ?? 0) > 0;
  }

  /** Resolves when it is proven what became of those whose commit was reported: they are forgotten, or given back. */
  async landed(aggregates: readonly Aggregate[]): Promise<void> {
    const flights = aggregates.flatMap((one) => [...(this.byAggregate.get(one) ?? [])]);
    if (flights.some(({ isReported }) => isReported)) await this.parts.proven();
  }

  /**
   * Throws `AggregateInFlightError` where the aggregate was saved in another transaction that is open still, or of which
   * nobody can say how it ended: a version that commits behind one which is rolled back would leave a gap.
   */
  async assertFree(aggregate: Aggregate, transaction: QueryRunner | undefined): Promise<void> {
    const others = () =>
      [...(this.byAggregate.get(aggregate) ?? [])].filter(
        (one) => one.runner !== transaction || one.isReported,
      );
    if (others().some(({ isReported }) => isReported)) await this.parts.proven();
    // Still there, too, is what no read could be made for: the database was away.
    if (others().length > 0) throw new AggregateInFlightError(aggregate.id);
  }

  /** The hub calls it by itself. */
  readonly patience = (): number => (this.byPosition.size > 0 ? 0 : Infinity);

  reported(_runner: QueryRunner, events: readonly AppendedEvent[]): void {
    for (const flight of this.of(events)) flight.isReported = true;
  }

  committed(events: readonly AppendedEvent[]): void {
    for (const flight of this.end(events)) flight.landed();
  }

  undone(events: readonly AppendedEvent[]): void {
    for (const { aggregate, events: pending } of this.end(events)) giveBack(aggregate, pending);
  }

  unknown(events: readonly AppendedEvent[]): void {
    this.undone(events);
  }

  /** All events of a flight were recorded by one append, and so share what becomes of them. */
  private of(events: readonly AppendedEvent[]): Flight[] {
    if (this.byPosition.size === 0) return [];
    return [...new Set(events.flatMap(({ position }) => this.byPosition.get(position) ?? []))];
  }

  private end(events: readonly AppendedEvent[]): Flight[] {
    const flights = this.of(events);
    for (const flight of flights) {
      for (const position of flight.positions) this.byPosition.delete(position);
      this.byAggregate.get(flight.aggregate)?.delete(flight);
    }
    return flights;
  }
}

/** Puts them back where they were, before those that came after them. */
export function giveBack(aggregate: Aggregate, events: readonly PendingEvent[]): void {
  const pending = [...events, ...aggregate[PENDING]].sort((a, b) => a.version - b.version);
  aggregate[PENDING].splice(0, Infinity, ...pending);
}
