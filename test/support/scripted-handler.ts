import type { Provider } from '@nestjs/common';
import {
  EventHandler,
  type EventHandlerOptions,
  type GroupPattern,
  type HandlerContext,
  type RecordedEvent,
} from 'nestjs-once';
import { eventHandlersOf } from '../../lib/handlers/event-handler.decorator.js';

export type Script = (event: RecordedEvent<any>, context: HandlerContext) => unknown;

/** A provider with one handler, which does what the test says. Default pattern: every group; default rank: that of all. */
export function scriptedHandler(
  name: string,
  script: Script,
  options: EventHandlerOptions & { pattern?: GroupPattern; rank?: number } = {},
): Provider {
  const { pattern = '*', rank, ...rest } = options;
  class Scripted {
    @EventHandler(pattern, { name, ...rest })
    handle(event: RecordedEvent, context: HandlerContext): unknown {
      return script(event, context);
    }
  }
  if (rank !== undefined)
    for (const metadata of eventHandlersOf(Scripted.prototype, 'handle')) metadata.rank = rank;
  return { provide: `handler ${name}`, useClass: Scripted };
}
