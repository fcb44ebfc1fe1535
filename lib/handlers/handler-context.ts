import { Logger } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Cancellation } from '../runtime/cancellation.js';

/** What a handler is told beside the event. */
export interface HandlerContext {
  /**
   * Which start of this handler for this event it is, 1-based: failed, snoozed and cut off ones count, and so does
   * every time that the delivery was taken over from a process that died, in which it may have started. Above 1 an
   * earlier start may have had effects.
   */
  readonly attempt: number;
  /** The handler's name. */
  readonly handler: string;
  /** Transactional handlers: bound to the transaction that also marks success. Others: the DataSource's own manager. */
  readonly manager: EntityManager;
  /** Aborted on timeout, lost lease, cancellation and at the end of the time that shutdown allows. */
  readonly signal: AbortSignal;
  /** Logs under the handler's name. */
  readonly logger: Logger;
}

/** The context of one attempt: what few handlers use is made when it is asked for. */
export class AttemptContext implements HandlerContext {
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
