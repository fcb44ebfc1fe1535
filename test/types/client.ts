// Checked by `npm run typecheck`, without DOM types: what the types of `nestjs-once/client` promise, and what they refuse.
import { createEventLog, eventLog, type EventLogProblem } from 'nestjs-once/client';
import { expectTypeOf } from 'expect-type';

interface DealClick {
  dealId: string;
  position?: number;
}

const log = createEventLog<{ 'shop.DealClick': DealClick; 'shop.PageView': { path?: string } }>({
  url: '/in',
  headers: () => ({ 'x-csrf-token': 'a' }),
  onError: ({ code, message }) => expectTypeOf([code, message]).toExtend<string[]>(),
});

log.log('shop.DealClick', { dealId: 'd1' });
log.log('shop.DealClick', { dealId: 'd1', position: 1 }, { key: 'k' });
log.log('shop.PageView');
// @ts-expect-error no such event
log.log('shop.DealClock', { dealId: 'd1' });
// @ts-expect-error its data is missing
log.log('shop.DealClick');
// @ts-expect-error its data is of another type
log.log('shop.DealClick', { dealId: 1 });
// @ts-expect-error no such option
createEventLog({ batchsize: 1 });

eventLog.log('any.Name', { any: 'data' });
expectTypeOf(log.flush()).toEqualTypeOf<Promise<void>>();
expectTypeOf<EventLogProblem['code']>().toEqualTypeOf<
  'NOT_ENCODABLE' | 'QUEUE_FULL' | 'REJECTED' | 'NOT_SENT'
>();
