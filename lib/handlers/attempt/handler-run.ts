import { Logger } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Cancellation } from '../../runtime/cancellation.js';
import type { HandlerContext } from '../handler-context.js';

/** The context of one start of a handler: what few handlers use is made when it is asked for. */
export class HandlerRun implements HandlerContext {
  constructor(
    readonly handler: string,
    readonly attempt: number,
    readonly manager: EntityManager,
    private readonly cancellation: Cancellation,
  ) {}

  get signal(): AbortSignal {
    return this.cancellation.signal;
  }

  get logger(): Logger {
    return new Logger(this.handler);
  }
}
