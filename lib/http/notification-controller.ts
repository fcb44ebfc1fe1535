import {
  BadRequestException,
  Controller,
  Get,
  Inject,
  Param,
  Query,
  type Type,
  UseGuards,
  VERSION_NEUTRAL,
} from '@nestjs/common';
import { EventSourcingError, InvalidOptionError } from '../core/errors.js';
import type { RecordedEvent } from '../core/event.js';
import { checkedSelection, InvalidSectionError } from '../core/notification-log.js';
import { UnknownOptionError } from '../core/options/known-options.js';
import type { NotificationLog } from '../store/log/notification-log.js';
import type { ResolvedNotifications } from './notification-options.js';

/** What is behind the routes of one notification log. */
export interface NotificationService {
  log: NotificationLog;
  /** What would be stored of the data. */
  content: (data: unknown) => unknown;
}

/** A controller class of its own for each log, since decorators belong to the class; `token` gives its `NotificationService`. */
export function notificationController({ path, guards, most }: ResolvedNotifications, token: string): Type {
  @Controller({ version: VERSION_NEUTRAL })
  class NotificationController {
    constructor(@Inject(token) private readonly service: NotificationService) {}

    @Get(path)
    @UseGuards(...guards)
    async select(@Query() query: Record<string, unknown>): Promise<object> {
      const page = await answered(() => this.service.log.page(checkedSelection(selectionOf(query), most)));
      return { ...page, most, items: page.items.map((event) => this.shown(event)) };
    }

    @Get(`${path}/:section`)
    @UseGuards(...guards)
    async section(
      @Param('section') id: string,
      @Query('application') application: string | undefined,
    ): Promise<object> {
      const section = await answered(() =>
        this.service.log.section(id, application === undefined ? {} : { application }, most),
      );
      return { ...section, items: section.items.map((event) => this.shown(event)) };
    }

    private shown(event: RecordedEvent): object {
      return { ...event, data: this.service.content(event.data) };
    }
  }
  return NotificationController;
}

/** What was asked in a way that it cannot be is the client's mistake. */
async function answered<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    const isTheirs = [InvalidSectionError, InvalidOptionError, UnknownOptionError].some(
      (type) => error instanceof type,
    );
    if (!isTheirs) throw error;
    const { code, message } = error as EventSourcingError;
    throw new BadRequestException({ statusCode: 400, code, message });
  }
}

/** Of a query string, in which each group is given for itself. */
function selectionOf(query: Record<string, unknown>): object {
  const { groups, ...others } = query;
  const numbers = ['after', 'until', 'limit'];
  const values = Object.entries(others).map(([name, value]) => [
    name,
    numbers.includes(name) && typeof value === 'string' && value !== '' ? Number(value) : value,
  ]);
  const listed = typeof groups === 'string' ? [groups] : groups;
  return { ...(Object.fromEntries(values) as object), ...(listed === undefined ? {} : { groups: listed }) };
}
