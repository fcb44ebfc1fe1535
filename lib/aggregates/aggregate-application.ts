import type { EntityManager } from 'typeorm';
import type { AggregateRecordedEvent } from '../core/event.js';
import type { Pipeline } from '../payload/pipeline.js';
import type { Aggregate, AggregateClass } from './aggregate.js';
import type { AggregateDefinition } from './aggregate-definition.js';
import { AggregateLoads } from './aggregate-loads.js';
import type { AggregateParts } from './aggregate-parts.js';
import { AggregateRepository } from './aggregate-repository.js';
import { AggregateSaves, type SavedAggregate } from './aggregate-saves.js';
import { AggregateStates } from './aggregate-states.js';
import type { ResolvedAggregates } from './aggregates-options.js';
import { EventSourcedLog } from './event-sourced-log.js';
import { InvalidAggregateError, UnknownAggregateTypeError } from './errors.js';
import { classOf } from './lineage.js';

/** The aggregates of one application: all its types share what a save records. */
export class AggregateApplication {
  private readonly saves: AggregateSaves;
  /** By the names of the types. */
  private readonly pipelines = new Map<string, Pipeline>();
  /** By each name of their types. */
  readonly repositories = new Map<string, AggregateRepository<Aggregate>>();
  private readonly states = new Map<AggregateClass, AggregateStates<Aggregate>>();

  constructor(
    private readonly parts: AggregateParts,
    private readonly name: string,
  ) {
    const committed = (saved: readonly SavedAggregate[]) => this.committed(saved);
    const pipelineOf = (type: string) => this.pipelines.get(type);
    this.saves = new AggregateSaves({ ...parts, application: name, committed, pipelineOf });
  }

  /** Throws `InvalidAggregateError`, `UnknownOptionError` or `InvalidOptionError`. */
  add<T extends Aggregate>(type: AggregateClass<T>, options: ResolvedAggregates): AggregateRepository<T> {
    const definition = this.parts.types.register(this.name, type);
    const { snapshots, cache: cached, attempts } = options;
    const parts = { ...this.parts, application: this.name };
    const passed = this.pipelineOf(options);
    if (passed) this.pipelines.set(definition.name, passed);
    const every = snapshots.get(definition.name);
    const pipeline = passed ?? this.parts.codec.pipelineOfAll(groupsOf(definition));
    const states = new AggregateStates({ ...parts, every, cached, pipeline }, definition);
    this.states.set(type, states);
    const loads = new AggregateLoads(parts, definition, states);
    const own = { ...parts, definition, loads, states, saves: this.saves, attempts };
    const repository = new AggregateRepository(own);
    for (const name of definition.names) this.repositories.set(name, repository);
    return repository;
  }

  /** Records the pending events of aggregates in the transaction of `manager`. */
  save(aggregates: readonly Aggregate[], manager: EntityManager): Promise<AggregateRecordedEvent[]> {
    return this.saves.save(aggregates, { manager, condition: undefined, ready: this.parts.ready });
  }

  log(name: string, options: ResolvedAggregates): EventSourcedLog {
    const { parts, name: application } = this;
    const pipeline = this.pipelineOf(options);
    return new EventSourcedLog({ ...parts, application, pipeline }, name, options.attempts);
  }

  /** Throws `InvalidOptionError` for a key id that stands for another key elsewhere. */
  private pipelineOf({ payload }: ResolvedAggregates): Pipeline | undefined {
    return payload && this.parts.codec.pipeline(payload, `Aggregates of application "${this.name}"`);
  }

  private async committed(saved: readonly SavedAggregate[]): Promise<void> {
    for (const { aggregate, events } of saved) {
      const [first, last] = [events[0]?.version, events.at(-1)?.version];
      if (first !== undefined && last !== undefined)
        await this.states.get(classOf(aggregate))?.committed(aggregate, { first, last });
    }
  }
}

/** The groups of its events, under each of their names. */
function groupsOf<T extends Aggregate>({ name, events }: AggregateDefinition<T>): string[] {
  return [...events.keys()].map((event) => `${name}.${event}`);
}

/** The applications of one log, each made when it is first asked for. */
export class AggregateApplications {
  private readonly made = new Map<string, AggregateApplication>();

  constructor(readonly parts: AggregateParts) {}

  of(name: string): AggregateApplication {
    const known = this.made.get(name) ?? new AggregateApplication(this.parts, name);
    this.made.set(name, known);
    return known;
  }

  /**
   * The repository of a type by its name. Throws `UnknownAggregateTypeError`, and `InvalidAggregateError` where several
   * applications have the type and none was named.
   */
  repository(type: string, application?: string): AggregateRepository<Aggregate> {
    const having = [...this.made].filter(
      ([name, { repositories }]) => repositories.has(type) && (application ?? name) === name,
    );
    if (having.length === 1) return having[0]![1].repositories.get(type)!;
    if (having.length > 1) {
      const names = having.map(([name]) => name).join(', ');
      throw new InvalidAggregateError(type, `it is in several applications, ${names}, and none was named.`);
    }
    const known = [...this.made.values()].flatMap(({ repositories }) => [...repositories.keys()]);
    throw new UnknownAggregateTypeError(type, application ?? 'any', [...new Set(known)]);
  }

  /**
   * Records the pending events of aggregates, each in the application that has its type, in the transaction of `manager`. Throws
   * `InvalidAggregateError` where none or more than one has it.
   */
  async save(aggregates: readonly Aggregate[], manager: EntityManager): Promise<AggregateRecordedEvent[]> {
    const byApplication = new Map<string, Aggregate[]>();
    for (const aggregate of aggregates) {
      const type = classOf(aggregate);
      this.assertOne(type);
      const [name] = this.parts.types.applicationsOf(type);
      if (name === undefined)
        throw new InvalidAggregateError(
          type.name,
          'no application has it: EventSourcingModule.forFeature({ aggregates }).',
        );
      byApplication.set(name, [...(byApplication.get(name) ?? []), aggregate]);
    }
    const recorded: AggregateRecordedEvent[] = [];
    for (const [name, own] of byApplication) recorded.push(...(await this.of(name).save(own, manager)));
    return recorded;
  }

  /** Throws where more than one application has the type, so that nobody can tell whose is meant. */
  assertOne(type: AggregateClass): void {
    const names = this.parts.types.applicationsOf(type);
    if (names.length <= 1) return;
    const cure = `Name one: @InjectAggregates(${type.name}, '${names[0]}').`;
    throw new InvalidAggregateError(
      type.name,
      `it is in several applications, ${names.join(', ')}, and none was named. ${cure}`,
    );
  }
}
