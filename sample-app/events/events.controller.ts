import { Controller, Get, Query } from '@nestjs/common';
import { EventLog } from 'nestjs-once';
import { ListEventsDto } from './list-events.dto.js';

interface EventSummary {
  position: number;
  group: string;
  key: string;
  occurredAt: Date;
}

@Controller('events')
export class EventsController {
  constructor(private readonly log: EventLog) {}

  /** A page of the event log, oldest first. */
  @Get()
  async list(@Query() { after, limit }: ListEventsDto): Promise<EventSummary[]> {
    const page: EventSummary[] = [];
    const options = { limit, ...(after === undefined ? {} : { after }) };
    for await (const { position, group, key, occurredAt } of this.log.read(options)) {
      page.push({ position, group, key, occurredAt });
    }
    return page;
  }
}
