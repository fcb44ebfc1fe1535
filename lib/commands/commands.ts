import type { EntityManager } from 'typeorm';
import { describe } from '../core/describe.js';
import { type Duration, timerMilliseconds } from '../core/duration.js';
import type { AppendResult, RecordedEvent } from '../core/event.js';
import type { EventClass, EventTypes } from '../core/event-types.js';
import { assertKnownOptions } from '../core/options/known-options.js';
import { type Emission, emissionOf } from '../store/log/event-recorder.js';
import { commandNameOf } from './command-type.decorator.js';
import type { CommandResult } from './command-result.js';
import type { CommandResults } from './command-results.js';
import { isExecuting } from './execution.js';
import { AskInTransactionError, CommandTimeoutError, InvalidCommandError } from './errors.js';

export interface AskOptions {
  /** What makes it the same command when it is sent again. Default: that of its class, else every call is a command of its own. */
  key?: string;
  /** Commands of one order key are executed one at a time where the handler is `ordered`. Default: that of its class. */
  orderKey?: string;
  /** How long to wait for the result. Default `'30s'`. */
  timeout?: Duration;
}

export interface SendCommandOptions extends Omit<AskOptions, 'timeout'> {
  /** The command is recorded in this manager's transaction: it is executed if and only if that commits. */
  manager?: EntityManager;
}

/** What became of a command that was sent. */
export interface SentCommand {
  /** Under which it stands in the log. */
  key: string;
  /** False where the log has that key already: then it is executed once all the same. */
  recorded: boolean;
}

export interface CommandsParts {
  readonly types: Pick<EventTypes, 'prepare'>;
  readonly results: Pick<CommandResults, 'of'>;
  record(manager: EntityManager | undefined, emission: Emission): Promise<AppendResult>;
  /** Whether a transaction of the caller is open that `record` takes part in. */
  isInTransaction(): boolean;
  get(key: string): Promise<RecordedEvent | undefined>;
}

/** Sends commands to whoever has their handlers, in this process or another one on the same log. */
export class Commands {
  constructor(private readonly parts: CommandsParts) {}

  /**
   * Records the command, each key once for ever, and resolves when that is done: with `manager`, in its transaction. Throws
   * `InvalidCommandError`, and what `EventLog.log` throws.
   */
  async send(command: object, options: SendCommandOptions = {}): Promise<SentCommand> {
    assertKnownOptions(options, ['key', 'orderKey', 'manager'], 'Commands.send');
    const { manager, ...emit } = options;
    const prepared = await this.parts.types.prepare(classOf(command), command, emit);
    const { recorded } = await this.parts.record(manager, emissionOf(prepared));
    return { key: prepared.input.key, recorded };
  }

  /**
   * Records the command and resolves to its result, whichever process executes it; of a key that is known, to the one that there is or
   * will be. Throws `AskInTransactionError` in the handler of a command and in a transaction that `send` would join,
   * `CommandTimeoutError` at the timeout, after which the command goes on, and what `send` throws.
   */
  async ask<T = unknown>(command: object, options: AskOptions = {}): Promise<CommandResult<T>> {
    assertKnownOptions(options, ['key', 'orderKey', 'timeout'], 'Commands.ask');
    const { timeout = '30s', ...rest } = options;
    const limit = timerMilliseconds(timeout, 'timeout', 'Commands.ask');
    const name = commandNameOf(classOf(command))!;
    if (isExecuting() || this.parts.isInTransaction()) throw new AskInTransactionError(name);
    const { key, recorded } = await this.send(command, rest);
    if (!recorded) await this.assertCommand(name, key);
    const result = await this.parts.results.of(name, key, limit);
    if (!result) throw new CommandTimeoutError(name, key, limit);
    return result as CommandResult<T>;
  }

  /** What has the key may be another event, which has no result. */
  private async assertCommand(name: string, key: string): Promise<void> {
    const known = await this.parts.get(key);
    if (known && known.group !== name)
      throw new InvalidCommandError(
        name,
        `its key "${key}" is that of an event of the group ${known.group}.`,
      );
  }
}

/** Throws `InvalidCommandError` where it is no instance of a command's class. */
function classOf(command: unknown): EventClass {
  const type: unknown = typeof command === 'object' && command !== null ? command.constructor : undefined;
  if (commandNameOf(type) !== undefined) return type as EventClass;
  const reason = "expected an instance of a class decorated with @CommandType('app.ClassName').";
  throw new InvalidCommandError(typeof type === 'function' ? type.name : describe(command), reason);
}
