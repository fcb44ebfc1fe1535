import { type EventClass, eventTypeNameOf } from '../core/event-types.js';
import type { Aggregate } from './aggregate.js';
import { AggregateEventCallError } from './errors.js';

export interface AggregateEventOptions {
  /** Of the event's data: raise it when that changes, and add an `@UpcastEvent` from the version before. Default `1`. */
  version?: number;
  /** What the event was called before. Default: nothing else. */
  aliases?: readonly string[];
  /** Nothing can be written to the aggregate's stream after this event. Default `false`. */
  closes?: boolean;
}

/** A method that `@AggregateEvent` decorates. Nothing is checked yet: that is the business of `aggregateDefinition`. */
export interface EventMethod {
  /** The class that declares it. */
  readonly type: Function;
  readonly method: string;
  /** As it was given: the event's name, or its class. */
  readonly event: string | EventClass;
  readonly parameters: readonly string[] | undefined;
  readonly options: AggregateEventOptions;
  /** The method as the class has it. */
  readonly body: (this: Aggregate, ...args: unknown[]) => unknown;
}

/** `Dog.addTrick`, for messages. */
export function labelOf({ type, method }: Pick<EventMethod, 'type' | 'method'>): string {
  return `${type.name}.${method}`;
}

/** What the event is called: its class's name without that of the application before it. */
export function nameOf({ event }: Pick<EventMethod, 'event'>): string {
  if (typeof event === 'string') return event;
  const name = eventTypeNameOf(event) ?? '';
  return name.slice(name.lastIndexOf('.') + 1);
}

/** An event's data, of the arguments of a call. Throws `AggregateEventCallError`. */
export function dataOf(method: EventMethod, args: readonly unknown[]): unknown {
  const { parameters } = method;
  const most = parameters?.length ?? 1;
  if (args.length > most) {
    const cure = parameters ? '' : " Name positional ones: @AggregateEvent('Name', ['first', 'second']).";
    throw new AggregateEventCallError(
      labelOf(method),
      `expected at most ${most} arguments, got ${args.length}.${cure}`,
    );
  }
  if (!parameters) return args[0];
  return Object.fromEntries(parameters.map((name, index) => [name, args[index]]));
}

/** The arguments of the call that made this data. */
export function argumentsOf({ parameters, event }: EventMethod, data: unknown): unknown[] {
  if (!parameters)
    return [
      typeof event === 'string'
        ? data
        : Object.assign(Object.create(event.prototype as object) as object, data),
    ];
  const values = (data ?? {}) as Record<string, unknown>;
  return parameters.map((name) => values[name]);
}
