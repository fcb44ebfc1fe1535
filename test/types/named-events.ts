// Checked by `npm run typecheck`: what the types say of named events, and what they refuse.
import type { IncomingMessage } from 'node:http';
import type { ModuleRef } from '@nestjs/core';
import { expectTypeOf } from 'expect-type';
import {
  type AppendResult,
  type EventData,
  EventHandler,
  type EventLog,
  EventSourcingModule,
  EventType,
  type EventTypeContext,
  type HandlerContext,
  OnEvent,
  type RecordedEvent,
  RequireKeys,
  type StreamItem,
} from 'nestjs-once';
import type { Observable } from 'rxjs';

@EventType('shop.DealClick', { key: (event: DealClick) => event.dealId })
@RequireKeys('dealId')
class DealClick {
  dealId: string;
  position?: number;
  source?: string = 'web';

  where(): string {
    return `${this.source}:${this.position}`;
  }

  @OnEvent({ transactional: true, timeout: '5s', name: 'Clicks' })
  count({ moduleRef, event, manager, attempt }: EventTypeContext<this>) {
    expectTypeOf(moduleRef).toEqualTypeOf<ModuleRef>();
    expectTypeOf(event).toEqualTypeOf<RecordedEvent<this>>();
    return manager && attempt;
  }

  @OnEvent()
  async plain(_context: EventTypeContext): Promise<void> {}

  @OnEvent()
  nothing() {}

  // @ts-expect-error it takes a context, not an event
  @OnEvent()
  wrong(_event: string) {}

  // @ts-expect-error whose events it handles, the class says
  @OnEvent({ dataSource: 'other' })
  elsewhere() {}
}

@EventType('shop.Keyed', { key: (event) => `${event.a}`, whitelist: 'forbid' })
class Keyed {
  a: number;
}

// @ts-expect-error the key is worked out from the class's own data
@EventType('shop.Wrong', { key: (event: Keyed) => `${event.a}` })
class Wrong {
  b: number;
}
void Wrong;

// @ts-expect-error the class has no such property
@RequireKeys('dealid')
class Misspelt {
  dealId: string;
}
void Misspelt;

/** What an event's data is: not its methods. */
expectTypeOf<EventData<Keyed>>().toEqualTypeOf<{ a: number }>();
expectTypeOf<keyof EventData<DealClick>>().toEqualTypeOf<'dealId' | 'position' | 'source'>();

async function log(events: EventLog, request: IncomingMessage) {
  expectTypeOf(await events.log(Keyed, { a: 1 })).toEqualTypeOf<AppendResult<Keyed>>();
  expectTypeOf(await events.log(new Keyed())).toEqualTypeOf<AppendResult<Keyed>>();
  expectTypeOf(await events.log('shop.Keyed', { a: 1 }, { key: 'k', request })).toEqualTypeOf<AppendResult>();
  expectTypeOf((await events.log(new Keyed(), { key: 'k' })).event!.data.a).toEqualTypeOf<number>();
  await events.log('shop.Keyed');
  expectTypeOf(await events.log('shop.Keyed', {})).toEqualTypeOf<AppendResult>();
  expectTypeOf(await events.log<Keyed>('shop.Keyed', { a: 1 })).toEqualTypeOf<AppendResult<Keyed>>();
  // @ts-expect-error another type
  await events.log<Keyed>('shop.Keyed', { a: 'one' });
  // @ts-expect-error it has what the class does not declare
  await events.log<Keyed>('shop.Keyed', { a: 1, b: 2 });
  await events.log(DealClick, { dealId: 'd' });
  // @ts-expect-error another type
  await events.log(Keyed, { a: 'one' });
  // @ts-expect-error it lacks what the class declares
  await events.log(Keyed, {});
  // @ts-expect-error it has what the class does not declare
  await events.log(Keyed, { a: 1, b: 2 });
  // @ts-expect-error options are not data
  await events.log(Keyed, { key: 'k' });
  // @ts-expect-error nobody inside says where it comes from
  await events.log('shop.Keyed', {}, { origin: 'http' });
}
void log;

class Handlers {
  @EventHandler(DealClick)
  typed(event: RecordedEvent<DealClick>, _context: HandlerContext) {
    return event.data.where();
  }

  @EventHandler(DealClick, { timeout: '1s' })
  loose(_event: RecordedEvent) {}

  // @ts-expect-error the data of another event
  @EventHandler(DealClick)
  other(event: RecordedEvent<Keyed>) {
    return event.data.a;
  }

  @EventHandler('shop.*')
  byPattern(event: RecordedEvent<Keyed | DealClick>) {
    return event.data;
  }
}
void Handlers;

function watch(events: EventLog) {
  expectTypeOf(events.stream()).toEqualTypeOf<Observable<StreamItem>>();
  return events.stream<Keyed>({ groups: ['shop.*', /^crm/] }).subscribe((item) => {
    expectTypeOf(item.event.data.a).toEqualTypeOf<number>();
    if (item.type === 'handled') expectTypeOf(item.handler).toEqualTypeOf<string>();
    // @ts-expect-error only what was handled has an outcome
    else void item.outcome;
  });
}
void watch;

EventSourcingModule.forRoot({
  events: [DealClick, Keyed],
  eventTypes: { nestedNames: true, whitelist: 'forbid', trustedProxies: 1 },
});
EventSourcingModule.forFeature({ events: [DealClick] });
// @ts-expect-error no such option
EventSourcingModule.forRoot({ eventTypes: { whitelist: 'drop' } });
