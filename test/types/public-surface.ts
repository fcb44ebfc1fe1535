// Checked by `npm run typecheck`: what the types of the public surface promise, and what they refuse.
import type { EntityManager } from 'typeorm';
import { expectTypeOf } from 'expect-type';
import {
  Aggregate,
  AggregateEvent,
  type AggregateRecordedEvent,
  type AggregateRepository,
  AggregateType,
  type AppendResult,
  type Deliveries,
  event,
  EventHandler,
  type EventInput,
  type EventLog,
  EventSourcingError,
  EventSourcingModule,
  type HandlerContext,
  ModelEventSource,
  NonRetriableError,
  type RecordedEvent,
  type Rescan,
  SnoozeError,
  type SourceContext,
} from 'nestjs-once';
import { drain, FixedClock } from 'nestjs-once/testing';

class Challenge {
  id: number;
  title: string;
}

/** What handlers are given. */
expectTypeOf<RecordedEvent<{ challenge: Challenge }>['data']['challenge']>().toEqualTypeOf<Challenge>();
expectTypeOf<RecordedEvent>().toHaveProperty('position').toEqualTypeOf<number>();
expectTypeOf<RecordedEvent['metadata']['correlationId']>().toEqualTypeOf<string>();
expectTypeOf<RecordedEvent['recordedAt']>().toEqualTypeOf<Date>();
expectTypeOf<RecordedEvent['pruned']>().toEqualTypeOf<true | undefined>();
expectTypeOf<HandlerContext['attempt']>().toEqualTypeOf<number>();
expectTypeOf<HandlerContext['signal']>().toEqualTypeOf<AbortSignal>();
expectTypeOf<SourceContext['manager']>().toEqualTypeOf<EntityManager>();
expectTypeOf<SourceContext['now']>().toEqualTypeOf<Date>();
expectTypeOf<SourceContext['reason']>().toEqualTypeOf<
  'insert' | 'update' | 'remove' | 'soft-remove' | 'recover' | 'rescan'
>();

/** What is emitted. */
expectTypeOf(event('challenge_created', 17, { title: 'Run' })).toEqualTypeOf<EventInput<{ title: string }>>();
// @ts-expect-error an id that is undefined would swallow every later event
event('challenge_created', undefined);
// @ts-expect-error an event needs a key
({ group: 'challenge_created' }) satisfies EventInput;

/** Decorators take what api users give them, and nothing else. */
class Events {
  @ModelEventSource(Challenge)
  *plain(challenge: Challenge, { now }: SourceContext) {
    yield event(`seen_${now.getTime()}`, challenge.id, { challenge });
  }

  @ModelEventSource(Challenge, { on: ['insert', 'remove'], columns: ['title'], rescan: { batchSize: 10 } })
  async *asynchronous(challenge: Challenge) {
    yield { group: 'g', key: `g_${challenge.id}` };
  }

  @ModelEventSource(Challenge, { rescan: false })
  list(challenge: Challenge) {
    return challenge.title ? [event('titled', challenge.id)] : undefined;
  }

  @EventHandler(/^challenge/, {
    transactional: true,
    timeout: '5s',
    retry: { maxRetries: 3, interval: '1m' },
  })
  @EventHandler('other.*', { name: 'Other' })
  async handle(recorded: RecordedEvent<{ challenge: Challenge }>, context: HandlerContext): Promise<void> {
    if (context.attempt > 2) throw new NonRetriableError(recorded.key);
    throw new SnoozeError(new Date());
  }

  // @ts-expect-error no such moment
  @ModelEventSource(Challenge, { on: ['inserted'] })
  wrongMoment() {}

  // @ts-expect-error a pattern is a RegExp or a string
  @EventHandler(17)
  wrongPattern() {}
}
void Events;

/** The services. */
expectTypeOf<EventLog['append']>().toBeCallableWith({ group: 'g', key: 'k' });
expectTypeOf<EventLog['append']>().toBeCallableWith([{ group: 'g', key: 'k' }], {
  manager: {} as EntityManager,
});
expectTypeOf<AppendResult['recorded']>().toEqualTypeOf<boolean>();
expectTypeOf<Awaited<ReturnType<EventLog['get']>>>().toEqualTypeOf<RecordedEvent | undefined>();
declare const eventLog: EventLog;
expectTypeOf(eventLog.get<{ a: number }>('k')).resolves.toEqualTypeOf<
  RecordedEvent<{ a: number }> | undefined
>();
expectTypeOf<ReturnType<EventLog['read']>>().toExtend<AsyncIterable<RecordedEvent>>();
expectTypeOf<Rescan['run']>().toBeCallableWith({ dryRun: true });
expectTypeOf<Deliveries['retry']>().toBeCallableWith({ status: 'dead', handler: 'Mails.send' });

/** The module. */
EventSourcingModule.forRoot();
EventSourcingModule.forRoot({ rescan: { cron: '0 * * * *' }, worker: { lease: '30s' }, dispatch: 'inline' });
EventSourcingModule.forRootAsync({ dataSource: 'other', useFactory: () => ({ schema: 'verify' as const }) });
// @ts-expect-error no such option
EventSourcingModule.forRoot({ workers: 3 });

expectTypeOf<EventSourcingError['code']>().toEqualTypeOf<string>();
expectTypeOf(drain).returns.resolves.not.toBeAny();
expectTypeOf(new FixedClock(new Date()).now()).toEqualTypeOf<Date>();

/** Aggregates. */
@AggregateType('Dog')
class Dog extends Aggregate {
  @AggregateEvent('TrickAdded', ['trick'])
  addTrick(_trick: string): void {}
}

export async function useAggregates(dogs: AggregateRepository<Dog>, manager: EntityManager): Promise<void> {
  const dog = await dogs.get('fido');
  expectTypeOf(dog).toEqualTypeOf<Dog>();
  expectTypeOf(dog.version).toEqualTypeOf<number>();
  expectTypeOf(await dogs.find('fido')).toEqualTypeOf<Dog | undefined>();
  expectTypeOf(await dogs.save(dog, dog)).toEqualTypeOf<AggregateRecordedEvent[]>();
  expectTypeOf(await dogs.save([dog], { manager })).toEqualTypeOf<AggregateRecordedEvent[]>();
  const count = await dogs.get('fido', { project: (events: number | undefined) => (events ?? 0) + 1 });
  expectTypeOf(count).toEqualTypeOf<number>();
  // @ts-expect-error Its version is its events' business.
  dog.version = 7;
}
