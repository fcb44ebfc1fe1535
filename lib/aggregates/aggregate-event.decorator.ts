import type { EventClass } from '../core/event-types.js';
import type { Aggregate } from './aggregate.js';
import type { AggregateEventOptions, EventMethod } from './event-method.js';
import { trigger } from './trigger.js';

const METHODS = Symbol('event methods');

/**
 * Makes a method of an aggregate an event. A call runs the method on a copy of its argument, and adds a pending event with
 * the argument as its data. The event is called as the name says, or as a class that is decorated with `@EventType`, whose
 * validation applies then. `parameters` are the names under which positional arguments are kept. The method is run again
 * whenever the event is replayed: what it does depends on nothing but the aggregate and its arguments.
 */
export function AggregateEvent(event: string | EventClass, options?: AggregateEventOptions): MethodDecorator;
export function AggregateEvent(
  event: string | EventClass,
  parameters: readonly string[],
  options?: AggregateEventOptions,
): MethodDecorator;
export function AggregateEvent(
  event: string | EventClass,
  second: readonly string[] | AggregateEventOptions = {},
  third?: AggregateEventOptions,
): MethodDecorator {
  const parameters = Array.isArray(second) ? (second as readonly string[]) : undefined;
  const options = third ?? (parameters ? {} : (second as AggregateEventOptions));
  return (prototype, name, descriptor) => {
    const body = descriptor.value as EventMethod['body'];
    const type = prototype.constructor;
    const method: EventMethod = { type, method: String(name), event, parameters, options, body };
    methodsOn(prototype).push(method);
    const call = function (this: Aggregate, ...args: unknown[]): unknown {
      return trigger(this, method, args);
    };
    descriptor.value = call as typeof descriptor.value;
  };
}

/** The event methods of a class and of those that it extends, its own first. */
export function eventMethodsOf(type: Function): readonly EventMethod[] {
  const methods: EventMethod[] = [];
  for (
    let prototype = type.prototype as object | null;
    prototype;
    prototype = Object.getPrototypeOf(prototype) as object | null
  )
    if (Object.hasOwn(prototype, METHODS)) methods.push(...methodsOn(prototype));
  return methods;
}

function methodsOn(prototype: object): EventMethod[] {
  if (!Object.hasOwn(prototype, METHODS))
    Object.defineProperty(prototype, METHODS, { value: [], configurable: true });
  return (prototype as { [METHODS]: EventMethod[] })[METHODS];
}
