import 'reflect-metadata';
import type { ModuleRef } from '@nestjs/core';
import type { RecordedEvent } from '../core/event.js';
import type { EventClass } from '../core/event-types.js';
import type { EventHandlerOptions } from '../handlers/event-handler.decorator.js';
import type { HandlerContext } from '../handlers/handler-context.js';
import type { EventLog } from '../store/log/event-log.js';
import type { CommandFailure, CommandResult, CommandSuccess } from './command-result.js';

/** What a command's handler is told beside the command. */
export interface CommandContext<T = unknown> extends HandlerContext {
  /** Looks up the application's providers, of all modules: `moduleRef.get(Payments)`. */
  readonly moduleRef: ModuleRef;
  /** The command as it stands in the log. */
  readonly event: RecordedEvent<T>;
  /** Shared by all that one cause set off: what is logged here has it too. */
  readonly correlationId: string;
  /** Records a named event in the handler's transaction, as `EventLog.log` does. */
  readonly log: EventLog['log'];
}

/** Those of a handler; it is always transactional, and its name is that of the command. */
export type CommandHandlerOptions = Omit<EventHandlerOptions, 'name' | 'transactional' | 'dataSource'>;

/** What a handler may return. */
export type CommandReturn = void | CommandSuccess<unknown> | CommandFailure | CommandResult;

/** What `@CommandHandler` says on a method; without a class it stands on the command's own. */
export interface CommandHandlerMetadata {
  readonly type?: EventClass;
  readonly options: CommandHandlerOptions;
}

const METADATA = Symbol('command handler');

type Executes<A extends unknown[]> = <M extends (...parts: A) => CommandReturn | Promise<CommandReturn>>(
  prototype: object,
  method: string,
  descriptor: TypedPropertyDescriptor<M>,
) => void;

/**
 * Makes a method the one that executes a command: on the command's class, with the data as `this`,
 * `@CommandHandler() async execute({ manager, log }: CommandContext) { … }`, or on a provider,
 * `@CommandHandler(CreatePayment) async create(command: CreatePayment, context: CommandContext) { … }`. It is run in a
 * transaction that also records its result, with the retries of a handler.
 */
// The context's event is that of the class on which the method stands.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export function CommandHandler(options?: CommandHandlerOptions): Executes<[context: CommandContext<any>]>;
export function CommandHandler<T extends object>(
  type: EventClass<T>,
  options?: CommandHandlerOptions,
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
): Executes<[command: T, context: CommandContext<any>]>;
export function CommandHandler(
  first: EventClass | CommandHandlerOptions = {},
  second: CommandHandlerOptions = {},
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
): Executes<any[]> {
  const metadata: CommandHandlerMetadata =
    typeof first === 'function' ? { type: first, options: second } : { options: first };
  return (_prototype, _method, descriptor) => Reflect.defineMetadata(METADATA, metadata, descriptor.value!);
}

/** What `@CommandHandler` says on the methods of a prototype and those above it, by the methods' names. */
export function commandHandlersOf(prototype: object): Map<string, CommandHandlerMetadata> {
  const above = Object.getPrototypeOf(prototype) as object | null;
  const found =
    above && above !== Object.prototype
      ? commandHandlersOf(above)
      : new Map<string, CommandHandlerMetadata>();
  for (const method of Object.getOwnPropertyNames(prototype)) {
    // Without calling getters.
    const value: unknown = Object.getOwnPropertyDescriptor(prototype, method)?.value;
    const metadata =
      typeof value === 'function'
        ? (Reflect.getOwnMetadata(METADATA, value) as CommandHandlerMetadata | undefined)
        : undefined;
    if (metadata) found.set(method, metadata);
    // One that is overridden counts as it is now.
    else found.delete(method);
  }
  return found;
}
