import 'reflect-metadata';
import type { ModuleRef } from '@nestjs/core';
import type { RecordedEvent } from '../core/event.js';
import type { EventClass } from '../core/event-types.js';
import type { EventHandlerOptions } from './event-handler.decorator.js';
import type { HandlerContext } from './handler-context.js';

/** What a handler on an event's class is told; the event's data is `this`. */
export interface EventTypeContext<T = unknown> extends HandlerContext {
  /** Looks up the application's providers, of all modules: `moduleRef.get(Counters)`. */
  readonly moduleRef: ModuleRef;
  /** The event as it stands in the log. */
  readonly event: RecordedEvent<T>;
}

/** Those of a handler anywhere; its name is by default `app.ClassName.method`. */
export type OnEventOptions = Omit<EventHandlerOptions, 'dataSource'>;

/** A method that `@OnEvent` stands on. */
export interface OnEventMethod {
  method: string;
  options: OnEventOptions;
}

const METADATA = Symbol('handlers on the event class');

/**
 * Makes a method of an event's class a handler of its events, with deliveries of its own. At an event's first attempt the
 * methods of the class go before all other handlers, in the order of their declaration. It is called with the data as
 * `this`, and with what a class can not be injected: `@OnEvent() count({ moduleRef }: EventTypeContext) { … }`.
 */
export function OnEvent(options: OnEventOptions = {}) {
  // The context's event is that of the class on which the method stands.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  return <T extends (context: EventTypeContext<any>) => unknown>(
    _prototype: object,
    _method: string,
    descriptor: TypedPropertyDescriptor<T>,
  ): void => {
    Reflect.defineMetadata(METADATA, options, descriptor.value!);
  };
}

/** The methods in the order of their declaration, inherited ones first; one that is overridden counts as it is now. */
export function onEventMethodsOf(type: EventClass): OnEventMethod[] {
  const prototype = type.prototype as Record<string, unknown>;
  return methodNames(prototype).flatMap((method): OnEventMethod[] => {
    const value = prototype[method];
    const options =
      typeof value === 'function'
        ? (Reflect.getOwnMetadata(METADATA, value) as OnEventOptions | undefined)
        : undefined;
    return options ? [{ method, options }] : [];
  });
}

function methodNames(prototype: object): string[] {
  const above = Object.getPrototypeOf(prototype) as object | null;
  const inherited = above && above !== Object.prototype ? methodNames(above) : [];
  return [...new Set([...inherited, ...Object.getOwnPropertyNames(prototype).filter(isMethodOf(prototype))])];
}

/** Without calling getters. */
function isMethodOf(prototype: object): (name: string) => boolean {
  return (name) => typeof Object.getOwnPropertyDescriptor(prototype, name)?.value === 'function';
}
