import type { Provider } from '@nestjs/common';
import {
  EventHandler,
  type EventHandlerOptions,
  type GroupPattern,
  type HandlerContext,
  type RecordedEvent,
} from 'nestjs-once';

export type Script = (event: RecordedEvent<any>, context: HandlerContext) => unknown;

/** A provider with one handler, which does what the test says. Default pattern: every group. */
export function scriptedHandler(
  name: string,
  script: Script,
  options: EventHandlerOptions & { pattern?: GroupPattern } = {},
): Provider {
  const { pattern = '*', ...rest } = options;
  class Scripted {
    @EventHandler(pattern, { name, ...rest })
    handle(event: RecordedEvent, context: HandlerContext): unknown {
      return script(event, context);
    }
  }
  return { provide: `handler ${name}`, useClass: Scripted };
}
