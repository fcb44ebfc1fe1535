import type { EntityManager, QueryRunner } from 'typeorm';
import type { AppendCondition } from '../core/append-condition.js';
import type { AggregateRecordedEvent, AppendResult } from '../core/event.js';
import { versionOf } from '../core/stream.js';
import type { Pipeline } from '../payload/pipeline.js';
import { termsOf } from '../store/log/conditional-append.js';
import type { Emission } from '../store/log/event-recorder.js';
import { type Aggregate, PENDING, type PendingEvent } from './aggregate.js';
import type { AggregateDefinition } from './aggregate-definition.js';
import type { ApplicationParts } from './aggregate-parts.js';
import { asConcurrencyError } from './conflicts.js';
import { emissionsOf } from './emissions.js';
import { giveBack } from './flights.js';
import { noteSubjects } from './lineage.js';

/** An aggregate with the events that one save records. */
export interface SavedAggregate {
  readonly aggregate: Aggregate;
  readonly events: readonly PendingEvent[];
}

export interface SaveTerms {
  readonly manager: EntityManager | undefined;
  readonly condition: AppendCondition | undefined;
  readonly ready: () => Promise<void>;
}

export interface SavesParts extends ApplicationParts {
  /** The events are in the log for good. Never rejects. */
  readonly committed: (saved: readonly SavedAggregate[]) => Promise<void>;
  /** What the payloads of a type pass; undefined: what those of their groups do. */
  readonly pipelineOf: (type: string) => Pipeline | undefined;
}

/** Records the pending events of aggregates, of one application and any of its types, by one append. */
export class AggregateSaves {
  constructor(private readonly parts: SavesParts) {}

  /** All or none. Where it rejects, the pending events are pending still. */
  async save(
    aggregates: readonly Aggregate[],
    { manager, condition, ready }: SaveTerms,
  ): Promise<AggregateRecordedEvent[]> {
    const { types, application } = this.parts;
    const known = [...new Set(aggregates)].map((one) => [one, types.definitionOf(application, one)] as const);
    const { store, database, flights } = this.parts;
    await flights.landed(aggregates);
    // What is in flight may come back: nobody can say yet that there is nothing to record.
    if (known.every(([aggregate]) => aggregate[PENDING].length === 0 && !flights.has(aggregate))) return [];
    await ready();
    const { results, saved, isOwn } = await store.on(manager, async (runner) => {
      const transaction = database.transactionOf(runner);
      for (const [aggregate] of known) await flights.assertFree(aggregate, transaction);
      const recorded = await this.record(known, runner, transaction, condition);
      return { ...recorded, isOwn: transaction === undefined };
    });
    if (isOwn) await this.parts.committed(saved);
    return results.map(({ event }) => event as AggregateRecordedEvent);
  }

  private async record(
    known: readonly (readonly [Aggregate, AggregateDefinition])[],
    runner: QueryRunner,
    transaction: QueryRunner | undefined,
    condition: AppendCondition | undefined,
  ): Promise<{ saved: SavedAggregate[]; results: AppendResult[] }> {
    const saved: SavedAggregate[] = [];
    try {
      const emissions = known.flatMap(([aggregate, definition]) => {
        const events = aggregate.collectPendingEvents();
        saved.push({ aggregate, events });
        return this.emissions(aggregate, definition, events);
      });
      if (emissions.length === 0) return { saved, results: [] };
      const results = await this.append(emissions, runner, transaction === undefined, condition);
      if (transaction) this.takeOff(saved, results, transaction);
      return { saved, results };
    } catch (error) {
      for (const { aggregate, events } of saved) giveBack(aggregate, events);
      throw error;
    }
  }

  private emissions(
    aggregate: Aggregate,
    definition: AggregateDefinition,
    events: readonly PendingEvent[],
  ): Emission[] {
    const { application, pipelineOf, personal } = this.parts;
    const pipeline = pipelineOf(definition.name);
    const emissions = emissionsOf(application, definition, aggregate, events, pipeline);
    if (personal.has(emissions))
      for (const emission of emissions) noteSubjects(aggregate, personal.subjectsOf(emission));
    return emissions;
  }

  /** What a driver says of a conflict in its own words is told as the same error as a version that is taken. */
  private async append(
    emissions: readonly Emission[],
    runner: QueryRunner,
    isOwn: boolean,
    condition: AppendCondition | undefined,
  ): Promise<AppendResult[]> {
    const { store, database } = this.parts;
    try {
      return await store.record(emissions, runner, true, termsOf(condition));
    } catch (error) {
      if (!database.isConflict(error)) throw error;
      const stream = emissions[0]!.stream!;
      // Another connection could be waited for in vain while the caller's transaction holds one.
      const last = isOwn ? await this.parts.streams.last(stream.name).catch(() => undefined) : undefined;
      throw asConcurrencyError(database, error, stream, last && versionOf(last));
    }
  }

  /** In the order of `saved`, as the emissions are. */
  private takeOff(
    saved: readonly SavedAggregate[],
    results: readonly AppendResult[],
    runner: QueryRunner,
  ): void {
    let start = 0;
    for (const one of saved.filter(({ events }) => events.length > 0)) {
      const own = results.slice(start, (start += one.events.length));
      const positions = own.map(({ event }) => event!.position);
      const landed = () => this.parts.background.add(this.parts.committed([one]));
      this.parts.flights.begin({ ...one, runner, positions, landed });
    }
  }
}
