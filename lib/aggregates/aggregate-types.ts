import type { EventEvolution, StoredVersion } from '../core/event-evolution.js';
import { applicationOf, streamOfKey } from '../core/stream.js';
import type { Aggregate, AggregateClass } from './aggregate.js';
import {
  type AggregateDefinition,
  aggregateDefinition,
  type AggregateEventDefinition,
} from './aggregate-definition.js';
import { InvalidAggregateError, UnknownAggregateTypeError } from './errors.js';
import { factsOf } from './event-facts.js';
import { upcast } from './upcast-steps.js';

interface KnownEvent {
  readonly aggregate: AggregateDefinition;
  readonly event: AggregateEventDefinition;
}

/** The classes of aggregates of one log, by the applications that have them. */
export class AggregateTypes implements EventEvolution {
  /** Whether an event of any class has another version than the first. */
  private hasVersions = false;
  private readonly applications = new Map<string, Map<string, AggregateDefinition>>();

  /** Throws `InvalidAggregateError`, also where another class of the application has one of its names. */
  register<T extends Aggregate>(application: string, type: AggregateClass<T>): AggregateDefinition<T> {
    const known = this.ofApplication(application);
    const same = [...known.values()].find((definition) => definition.type === (type as AggregateClass));
    if (same) return same as unknown as AggregateDefinition<T>;
    const definition = aggregateDefinition(type);
    for (const name of definition.names) {
      const other = known.get(name);
      if (!other) continue;
      const problem = `another class of application "${application}" is called "${name}", too: ${other.type.name}.`;
      throw new InvalidAggregateError(type.name, problem);
    }
    for (const name of definition.names) known.set(name, definition);
    this.hasVersions ||= [...definition.events.values()].some(({ version }) => version > 1);
    return definition;
  }

  /** Throws `UnknownAggregateTypeError`. */
  definitionOf(application: string, aggregate: Aggregate): AggregateDefinition {
    const known = this.ofApplication(application);
    const own = [...known.values()].find(({ type }) => type === aggregate?.constructor);
    if (own) return own;
    throw new UnknownAggregateTypeError(
      (aggregate as object)?.constructor?.name ?? String(aggregate),
      application,
      [...known.keys()],
    );
  }

  applicationsOf(type: AggregateClass): string[] {
    const having = [...this.applications].filter(([, known]) =>
      [...known.values()].some((one) => one.type === type),
    );
    return having.map(([name]) => name);
  }

  /** What an event of this group is; undefined where the application has no such type or event. */
  eventOf(application: string, group: string): KnownEvent | undefined {
    const dot = group.lastIndexOf('.');
    const aggregate = this.applications.get(application)?.get(group.slice(0, dot));
    const event = aggregate?.events.get(group.slice(dot + 1));
    return aggregate && event && { aggregate, event };
  }

  upToDate({ key, group, metadata }: StoredVersion, data: unknown): unknown {
    // Asked of each event that is read: most say nothing, and no class has had a second version yet.
    if (!this.hasVersions && factsOf(metadata).version === 1) return data;
    const application = applicationOf(streamOfKey(key)?.name ?? '');
    const known = application === undefined ? undefined : this.eventOf(application, group);
    if (!known) return data;
    const { version, steps } = known.event;
    return upcast(group, data, factsOf(metadata).version, version, steps);
  }

  private ofApplication(application: string): Map<string, AggregateDefinition> {
    const known = this.applications.get(application) ?? new Map<string, AggregateDefinition>();
    this.applications.set(application, known);
    return known;
  }
}
