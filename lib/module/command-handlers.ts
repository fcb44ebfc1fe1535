import type { DiscoveryService, ModuleRef } from '@nestjs/core';
import { type CommandHandlerMetadata, commandHandlersOf } from '../commands/command-handler.decorator.js';
import { RESULT } from '../commands/command-result.js';
import { commandNameOf } from '../commands/command-type.decorator.js';
import { InvalidCommandError } from '../commands/errors.js';
import { type Execute, Execution } from '../commands/execution.js';
import { nameProblem } from '../core/event-input.js';
import type { EventClass } from '../core/event-types.js';
import type { Engine } from './engine.js';
import { belongs, globalModuleRef } from './event-classes.js';
import { FeatureEvents } from './feature-events.js';

/** A method that executes commands of a class. */
interface Candidate {
  type: EventClass;
  /** `Class.method`, for messages. */
  label: string;
  options: CommandHandlerMetadata['options'];
  execute: Execute;
}

/**
 * Makes handlers of the commands that the application executes: exactly one for each class of a `forFeature({ commands })`,
 * on the class or on one of the providers. Throws `InvalidCommandError`, and what a handler's options are refused with.
 */
export function addCommandHandlers(
  engine: Engine,
  instances: Iterable<object>,
  discovery: DiscoveryService,
  moduleRef: ModuleRef,
): void {
  const commands = executedCommands(discovery);
  const candidates = [
    ...commands.flatMap((type) => onClass(type)),
    ...[...instances].flatMap((instance) => onProvider(instance)),
  ];
  for (const { type, label } of candidates) assertExecuted(type, label, commands);
  for (const type of commands.filter((one) => belongs(one, engine))) {
    const name = commandNameOf(type)!;
    const { label, options, execute } = theOnly(
      name,
      candidates.filter((candidate) => candidate.type === type),
    );
    const execution = new Execution(engine.parts.execution, globalModuleRef(moduleRef), execute);
    engine.parts.handlers.addCommand(name, label, options, execution);
  }
}

function executedCommands(discovery: DiscoveryService): EventClass[] {
  const features = discovery.getProviders().map(({ instance }) => instance as unknown);
  const types = features.flatMap((one) => (one instanceof FeatureEvents ? one.commands : []));
  for (const type of types) assertCommand(type);
  return [...new Set(types)];
}

function assertCommand(type: EventClass): void {
  const name = commandNameOf(type);
  if (name === undefined)
    throw new InvalidCommandError(
      type.name,
      "it is in forFeature({ commands }) without a name. Decorate it with @CommandType('app.ClassName').",
    );
  const problem = nameProblem(name + RESULT);
  if (problem)
    throw new InvalidCommandError(
      name,
      `its results would be of the group "${name}${RESULT}", expected ${problem.expected}.`,
    );
}

function assertExecuted(type: EventClass, label: string, commands: readonly EventClass[]): void {
  if (commands.includes(type)) return;
  throw new InvalidCommandError(
    commandNameOf(type) ?? type?.name ?? String(type),
    `${label} executes it, and it is in no forFeature({ commands: [...] }).`,
  );
}

function theOnly(name: string, candidates: readonly Candidate[]): Candidate {
  const [one, ...others] = candidates;
  if (!one)
    throw new InvalidCommandError(
      name,
      'nobody executes it. Give one method @CommandHandler(): on the class, or with the class on a provider. ' +
        'A process that only sends it has it in forFeature({ events: [...] }).',
    );
  if (others.length === 0) return one;
  const labels = candidates.map(({ label }) => label).join(' and ');
  throw new InvalidCommandError(name, `expected one handler, got ${labels}.`);
}

/** The command's data is its `this`. */
function onClass(type: EventClass): Candidate[] {
  const prototype = type.prototype as Record<string, (context: unknown) => ReturnType<Execute>>;
  return [...commandHandlersOf(prototype)].map(([method, { options }]) => ({
    ...{ type, label: `${type.name}.${method}`, options },
    execute: (event, context) => prototype[method]!.call(event.data, context),
  }));
}

function onProvider(instance: object): Candidate[] {
  const methods = instance as Record<string, (...parts: unknown[]) => ReturnType<Execute>>;
  const prototype = Object.getPrototypeOf(instance) as object | null;
  if (!prototype || prototype === Object.prototype) return [];
  return [...commandHandlersOf(prototype)].map(([method, { type, options }]) => {
    const label = `${instance.constructor.name}.${method}`;
    if (!type)
      throw new InvalidCommandError(
        label,
        'on a provider the decorator has the class: @CommandHandler(Class).',
      );
    return { type, label, options, execute: (event, context) => methods[method]!(event.data, context) };
  });
}
