import { describe } from '../core/describe.js';
import { flag, list, whole } from '../core/options/checks.js';
import { opt, resolved } from '../core/options/declare.js';
import { Aggregate, type AggregateClass } from './aggregate.js';
import { eventMethodsOf } from './aggregate-event.decorator.js';
import { type EventStep, typeNotesOf } from './aggregate-type.decorator.js';
import { InvalidAggregateError } from './errors.js';
import { type EventMethod, labelOf, nameOf } from './event-method.js';
import { assertEventClass } from './event-class.js';
import { type Steps, stepsOf } from './upcast-steps.js';

/** One event of an aggregate's type, checked. */
export interface AggregateEventDefinition {
  readonly method: EventMethod;
  readonly name: string;
  /** `Dog.TrickAdded`. */
  readonly group: string;
  readonly version: number;
  readonly steps: Steps;
}

type EventWithoutSteps = Omit<AggregateEventDefinition, 'steps'>;

/** A class of aggregates with all that was said of it, checked. */
export interface AggregateDefinition<T extends Aggregate = Aggregate> {
  readonly type: AggregateClass<T>;
  readonly name: string;
  /** The name, and what it was before. */
  readonly names: readonly string[];
  readonly schemaVersion: number;
  readonly snapshotSteps: Steps;
  readonly restarts: boolean;
  /** Whether a stored state can be gone on from: what the class's own `acceptsSnapshot` says. */
  readonly accepts: (state: unknown) => boolean;
  /** By each name and alias of the event. */
  readonly events: ReadonlyMap<string, AggregateEventDefinition>;
  /** By each group that its event has or had: `Dog.TrickAdded`. */
  readonly groups: ReadonlyMap<string, AggregateEventDefinition>;
}

const names = list<string>('an array of names', (name) => typeof name === 'string' && name !== '');

const TYPE = { aliases: opt(names, []), schemaVersion: opt(whole(1), 1), restarts: opt(flag, false) };
const EVENT = { version: opt(whole(1), 1), aliases: opt(names, []), closes: opt(flag, false) };

/** Throws `InvalidAggregateError`, `UnknownOptionError` or `InvalidOptionError`, each naming class and method. */
export function aggregateDefinition<T extends Aggregate>(type: AggregateClass<T>): AggregateDefinition<T> {
  if (typeof type !== 'function' || !(type.prototype instanceof Aggregate))
    throw new InvalidAggregateError(describe(type), 'expected a class that extends Aggregate.');
  const { name, options, eventSteps, snapshotSteps } = typeNotesOf(type);
  assertName(type.name, 'its type', name, "@AggregateType('Name')");
  const { aliases, schemaVersion, restarts } = resolved(TYPE, options, {
    where: `@AggregateType of ${type.name}`,
  });
  const typeNames = [name, ...aliases];
  const events = withSteps(type, typeNames, eventsOf(type, name), eventSteps);
  return {
    type,
    name,
    names: typeNames,
    schemaVersion,
    snapshotSteps: stepsOf(type, snapshotSteps),
    restarts,
    accepts: acceptanceOf(type),
    events,
    groups: new Map(
      [...events].flatMap(([event, its]) => typeNames.map((known) => [`${known}.${event}`, its] as const)),
    ),
  };
}

/** Throws `InvalidAggregateError` for a step of an event that there is not. */
function withSteps(
  type: AggregateClass,
  types: readonly string[],
  events: ReadonlyMap<string, EventWithoutSteps>,
  steps: readonly EventStep[],
): Map<string, AggregateEventDefinition> {
  const names = new Map<EventWithoutSteps, string[]>();
  for (const [name, event] of events) names.set(event, [...(names.get(event) ?? []), name]);
  const stray = steps.find(({ group }) => ![...events.keys()].some((name) => isOf(group, types, name)));
  if (stray)
    throw new InvalidAggregateError(`${type.name}.${stray.method}`, `no event is called "${stray.group}".`);
  const made = [...names].flatMap(([event, all]) => {
    const own = steps.filter(({ group }) => all.some((name) => isOf(group, types, name)));
    const definition = { ...event, steps: stepsOf(type, own) };
    return all.map((name) => [name, definition] as const);
  });
  return new Map(made);
}

function isOf(group: string, types: readonly string[], event: string): boolean {
  return group === event || types.some((type) => group === `${type}.${event}`);
}

function eventsOf(type: AggregateClass, typeName: string): Map<string, EventWithoutSteps> {
  const events = new Map<string, EventWithoutSteps>();
  for (const method of eventMethodsOf(type)) {
    const label = labelOf(method);
    const name = nameOf(method);
    assertName(label, 'its event', name, "@AggregateEvent('Name')");
    assertEventClass(method, label);
    const { version, aliases } = resolved(EVENT, method.options, { where: `@AggregateEvent of ${label}` });
    assertParameters(label, method.parameters);
    const definition = { method, name, group: `${typeName}.${name}`, version };
    for (const each of [name, ...aliases]) {
      const other = events.get(each);
      // A method that overrides that of a class above it takes its place.
      if (other && other.method.method === method.method && other.method.type !== method.type) continue;
      if (other) {
        const problem = `its event is called "${each}", as that of ${labelOf(other.method)} is. Give each a name of its own.`;
        throw new InvalidAggregateError(label, problem);
      }
      events.set(each, definition);
    }
  }
  return events;
}

function assertName(member: string, what: string, name: unknown, cure: string): asserts name is string {
  const isName = typeof name === 'string' && /^[^\s.](.*[^\s.])?$/.test(name);
  const isEvent = what === 'its event';
  if (isName && !(isEvent && name.includes('.'))) return;
  const expected = isEvent ? 'a name without a dot' : 'a name';
  throw new InvalidAggregateError(
    member,
    `expected ${what} to be called by ${expected}, got ${describe(name)}. Give it one: ${cure}.`,
  );
}

function assertParameters(label: string, parameters: readonly unknown[] | undefined): void {
  if (!parameters) return;
  const isList = parameters.every((name) => typeof name === 'string' && name !== '');
  if (isList && new Set(parameters).size === parameters.length) return;
  throw new InvalidAggregateError(label, 'expected the names of its parameters to be texts, each once.');
}

function acceptanceOf(type: AggregateClass): (state: unknown) => boolean {
  const own = (type as unknown as Record<string, unknown>).acceptsSnapshot;
  return typeof own === 'function' ? (state) => own.call(type, state) !== false : () => true;
}
