import type { ModuleRef } from '@nestjs/core';
import { timerMilliseconds } from '../core/duration.js';
import type { RecordedEvent } from '../core/event.js';
import { type EventClass, eventTypeNameOf } from '../core/event-types.js';
import { compilePattern, type GroupPattern } from '../core/group-pattern.js';
import { describe } from '../core/describe.js';
import { assertKnownOptions } from '../core/options/known-options.js';
import { type RetryPolicy, retryPolicy } from '../core/retry-policy.js';
import type { HandlerRegistration } from '../store/registry/handler-registry.js';
import { DEFAULT_RANK } from '../store/registry/known-handler.js';
import type { ReferenceRelations } from '../store/typeorm/relations.js';
import { DuplicateHandlerError, InvalidHandlerError } from './errors.js';
import type { EventHandlerMetadata, EventHandlerOptions } from './event-handler.decorator.js';
import type { HandlerContext } from './handler-context.js';
import { type EventTypeContext, onEventMethodsOf } from './on-event.decorator.js';
import { assertGuaranteesSaid, oneOptionsOf } from './stacked-options.js';

const OPTIONS = [
  'name',
  'formerly',
  'transactional',
  'retry',
  'timeout',
  'concurrency',
  'ordered',
  'relations',
  'missingEntity',
];

/** Of a command's handler: it is transactional, and has the command's name. */
const COMMAND_OPTIONS = OPTIONS.filter((name) => name !== 'name' && name !== 'transactional');

/** Defaults that the module's options give to handlers. */
export interface HandlerDefaults {
  retry: RetryPolicy;
  concurrency: number;
  /** Default false: the database runs one transaction at a time, and a slow transactional handler holds up everybody. */
  pool?: boolean;
  /** Throws `InvalidOptionError` for a relation that no entity has. Default: all are taken. */
  assertRelations?: (relations: ReferenceRelations | undefined, where: string) => void;
}

/** A handler of this process, its options checked. Durations in milliseconds. */
export interface Handler {
  name: string;
  /** `Class.method`, for messages. */
  label: string;
  registration: HandlerRegistration;
  transactional: boolean;
  retry: RetryPolicy;
  timeout: number;
  concurrency: number;
  relations?: ReferenceRelations;
  missingEntity?: 'null' | 'error';
  call(event: RecordedEvent, context: HandlerContext): unknown;
  /** Called before a delivery is marked as dead, again where that fails; the event is without its data. */
  buried?(event: RecordedEvent, error: unknown): Promise<void>;
}

/** A method that decorators make handlers of. */
interface HandlerMethod {
  /** `Class.method`, for messages. */
  label: string;
  /** Of its handler, unless a decorator gives it another. */
  name: string;
  /** Where its options were given, and which there can be. */
  where: string;
  options: readonly string[];
  rank: number;
  call: Handler['call'];
  buried?: Handler['buried'];
}

/** The handlers of this process, for one DataSource. */
export class HandlerSet {
  private readonly byName = new Map<string, Handler>();

  constructor(private readonly defaults: HandlerDefaults) {}

  get all(): readonly Handler[] {
    return [...this.byName.values()];
  }

  get size(): number {
    return this.byName.size;
  }

  /**
   * Adds what the decorators on one method ask for: one handler for each name, matched by all patterns of that name.
   * Throws `InvalidHandlerError`, `DuplicateHandlerError`, `UnknownOptionError` or `InvalidOptionError`.
   */
  add(instance: object, method: string, decorators: readonly EventHandlerMetadata[]): void {
    const label = `${instance.constructor.name}.${method}`;
    this.addMethod(decorators, {
      label,
      name: label,
      where: `@EventHandler of ${label}`,
      options: [...OPTIONS, 'dataSource'],
      rank: DEFAULT_RANK,
      call: (event, context) => (instance as Record<string, Handler['call']>)[method]!(event, context),
    });
  }

  /** Adds the `@OnEvent` methods of a class as handlers of the events of that name; throws as `add` does. */
  addOnClass(type: EventClass, eventName: string, moduleRef: ModuleRef): void {
    for (const [rank, { method, options }] of onEventMethodsOf(type).entries()) {
      const label = `${type.name}.${method}`;
      this.addMethod([{ pattern: eventName, options }], {
        label,
        name: `${eventName}.${method}`,
        where: `@OnEvent of ${label}`,
        options: OPTIONS,
        rank,
        call: callOnClass(type, method, moduleRef),
      });
    }
  }

  /** Adds the one handler of a command, which has the command's name; throws as `add` does. */
  addCommand(
    name: string,
    label: string,
    options: EventHandlerMetadata['options'],
    execution: Required<Pick<Handler, 'call' | 'buried'>>,
  ): void {
    const where = `@CommandHandler of ${label}`;
    assertKnownOptions(options, COMMAND_OPTIONS, where);
    this.addMethod([{ pattern: name, options: { ...options, transactional: true } }], {
      ...{ label, name, where, options: OPTIONS, rank: DEFAULT_RANK },
      call: execution.call,
      buried: execution.buried,
    });
  }

  private addMethod(decorators: readonly EventHandlerMetadata[], method: HandlerMethod): void {
    const handlers = byName(decorators, method);
    assertGuaranteesSaid([...handlers.values()], method.label);
    for (const [name, stacked] of handlers) {
      const other = this.byName.get(name);
      if (other) throw new DuplicateHandlerError(method.label, other.label, name);
      const handler = this.handler(method, name, stacked);
      for (const known of this.all) assertNoTakeover(handler, known);
      this.byName.set(name, handler);
    }
  }

  private handler(
    { label, where, rank, call, buried }: HandlerMethod,
    name: string,
    stacked: readonly EventHandlerMetadata[],
  ): Handler {
    const options = oneOptionsOf(stacked, label);
    const { relations, missingEntity, transactional = false } = options;
    this.defaults.assertRelations?.(relations, where);
    return {
      name: checkedName(name, label),
      label,
      registration: {
        name,
        formerly: formerNames(options, label),
        patterns: stacked.map(({ pattern }) => checkedPattern(pattern, label)),
        rank,
        ordered: checkedOrdered(options.ordered ?? false, label),
      },
      transactional,
      retry: retryPolicy(options.retry ?? {}, where, this.defaults.retry),
      timeout: timerMilliseconds(options.timeout ?? this.defaultTimeout(transactional), 'timeout', where),
      concurrency: checkedConcurrency(options.concurrency ?? this.defaults.concurrency, label),
      ...(relations ? { relations } : {}),
      ...(missingEntity ? { missingEntity } : {}),
      call,
      ...(buried ? { buried } : {}),
    };
  }

  private defaultTimeout(transactional: boolean): string {
    return transactional && !this.defaults.pool ? '5s' : '5m';
  }
}

/** The event's data is its `this`. */
function callOnClass(type: EventClass, method: string, moduleRef: ModuleRef): Handler['call'] {
  const own = (type.prototype as Record<string, (context: EventTypeContext) => unknown>)[method]!;
  return (event, context) => {
    const beside = { moduleRef, event };
    return own.call(event.data, Object.assign(Object.create(context) as EventTypeContext, beside));
  };
}

function byName(
  decorators: readonly EventHandlerMetadata[],
  { where, options, name: defaultName }: HandlerMethod,
): Map<string, EventHandlerMetadata[]> {
  const groups = new Map<string, EventHandlerMetadata[]>();
  for (const decorator of decorators) {
    assertKnownOptions(decorator.options, options, where);
    const name = decorator.options.name ?? defaultName;
    groups.set(name, [...(groups.get(name) ?? []), decorator]);
  }
  return groups;
}

function checkedPattern(pattern: unknown, label: string): GroupPattern {
  const wanted = eventTypeNameOf(pattern) ?? pattern;
  if (wanted instanceof RegExp || (typeof wanted === 'string' && wanted !== '')) {
    compilePattern(wanted);
    return wanted;
  }
  throw new InvalidHandlerError(
    label,
    'expected its pattern to be a RegExp, a non-empty string or a class decorated with @EventType, ' +
      `got ${describe(pattern)}.`,
  );
}

function checkedName(name: unknown, label: string): string {
  if (typeof name === 'string' && name !== '' && name.length <= 255) return name;
  throw new InvalidHandlerError(
    label,
    `expected its name to be a string of 1 to 255 characters, got ${describe(name)}.`,
  );
}

function checkedConcurrency(concurrency: unknown, label: string): number {
  if (Number.isInteger(concurrency) && (concurrency as number) >= 1) return concurrency as number;
  throw new InvalidHandlerError(
    label,
    `expected concurrency to be a whole number, 1 or more, got ${describe(concurrency)}.`,
  );
}

function checkedOrdered(ordered: unknown, label: string): boolean {
  if (typeof ordered === 'boolean') return ordered;
  throw new InvalidHandlerError(label, `expected ordered to be true or false, got ${describe(ordered)}.`);
}

function formerNames({ formerly = [] }: EventHandlerOptions, label: string): readonly string[] {
  const names: readonly unknown[] = Array.isArray(formerly) ? formerly : [formerly];
  return names.map((name) => checkedName(name, label));
}

/** A handler takes over the deliveries of its former name: nobody else may still have it. */
function assertNoTakeover(one: Handler, other: Handler): void {
  for (const [taker, owner] of [
    [one, other],
    [other, one],
  ] as const) {
    if (!taker.registration.formerly.includes(owner.name)) continue;
    throw new InvalidHandlerError(
      taker.label,
      `it was formerly "${owner.name}", which is the name of ${owner.label} still.`,
    );
  }
}
