import { AsyncLocalStorage } from 'node:async_hooks';
import type { ModuleRef } from '@nestjs/core';
import type { EntityManager, QueryRunner } from 'typeorm';
import { describe } from '../core/describe.js';
import { errorLine } from '../core/error-text.js';
import type { AppendResult, RecordedEvent } from '../core/event.js';
import { NonRetriableError } from '../handlers/errors.js';
import type { HandlerContext } from '../handlers/handler-context.js';
import { emissionContext } from '../store/commits/emission-context.js';
import type { EventLog } from '../store/log/event-log.js';
import type { Emission } from '../store/log/event-recorder.js';
import { loggedEvent } from '../store/log/logged-event.js';
import type { CommandContext, CommandReturn } from './command-handler.decorator.js';
import { type CommandResult, EXHAUSTED, fail, RESULT, resultKey, resultOf } from './command-result.js';

export interface ExecutionParts {
  readonly eventLog: Pick<EventLog, 'log'>;
  record(manager: EntityManager | undefined, emission: Emission): Promise<AppendResult>;
  /** Whether an event has the key, as this transaction sees it. */
  isKnown(key: string, runner: QueryRunner | undefined): Promise<boolean>;
}

/** Set around every handler of a command, whose transaction is open meanwhile. */
const executing = new AsyncLocalStorage<true>();

/** Whether the caller is the handler of a command. */
export const isExecuting = (): boolean => executing.getStore() === true;

export type Execute = (
  command: RecordedEvent,
  context: CommandContext,
) => CommandReturn | Promise<CommandReturn>;

/** Executes one command at a time: what its handler writes and its result are committed together, and a command has one result for ever. */
export class Execution {
  constructor(
    private readonly parts: ExecutionParts,
    private readonly moduleRef: ModuleRef,
    private readonly execute: Execute,
  ) {}

  /** In the transaction of `context.manager`. */
  readonly call = async (event: RecordedEvent, context: HandlerContext): Promise<void> => {
    const { parts } = this;
    // One that was given up, and is retried by a person, or that another process has decided.
    if (await parts.isKnown(resultKey(event.key), context.manager.queryRunner)) return;
    const returned: unknown = await executing.run(true, () =>
      this.execute(event, this.contextOf(event, context)),
    );
    const result = resultOf(returned);
    if (!result)
      throw new NonRetriableError(
        `The handler of command ${event.group} returned ${describe(returned)}: expected nothing, ok(value) or fail(label, message).`,
      );
    const { recorded } = await parts.record(context.manager, emissionOfResult(event, result));
    // What was written here is undone.
    if (!recorded)
      throw new NonRetriableError(`Command ${event.key} was decided by another process meanwhile.`);
  };

  /** Records that nobody tries again, before the delivery is marked so: whoever waits is told, also where the process dies in between. */
  readonly buried = async (event: RecordedEvent, error: unknown): Promise<void> => {
    const { key, metadata } = event;
    const result = fail(EXHAUSTED, errorLine(error).toWellFormed().replaceAll('\0', '\uFFFD'));
    await emissionContext.run({ key, correlationId: metadata.correlationId }, () =>
      this.parts.record(undefined, emissionOfResult(event, result)),
    );
  };

  private contextOf(event: RecordedEvent, context: HandlerContext): CommandContext {
    const log = (first: unknown, second?: unknown, third?: unknown) => {
      const { type, data, options } = loggedEvent(first, second, third);
      const own = { ...options, manager: context.manager };
      return this.parts.eventLog.log(type as string, data, own);
    };
    const beside = { moduleRef: this.moduleRef, event, correlationId: event.metadata.correlationId, log };
    // What the context has is made when it is asked for.
    return Object.assign(Object.create(context) as CommandContext, beside);
  }
}

function emissionOfResult({ key, group, orderKey }: RecordedEvent, data: CommandResult): Emission {
  return {
    input: {
      group: group + RESULT,
      key: resultKey(key),
      data,
      ...(orderKey === undefined ? {} : { orderKey }),
    },
    source: 'command',
  };
}
