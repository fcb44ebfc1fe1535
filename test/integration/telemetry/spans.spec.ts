import { context, propagation, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { event, ModelEventSource, NonRetriableError, SnoozeError } from 'nestjs-once';
import { drain, DrainFailedError } from 'nestjs-once/testing';
import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';
import { type ApplicationSetup, startApplication, type TestApplication } from '../../support/application.js';
import { describeEachDatabase } from '../../support/databases.js';
import { deferred, until } from '../../support/deferred.js';
import { hostileValues } from '../../support/hostile-values.js';
import { registerSdk } from '../../support/open-telemetry.js';
import { scriptedHandler } from '../../support/scripted-handler.js';

@Entity()
class Order {
  @PrimaryGeneratedColumn()
  id: number;

  @Column('varchar')
  name: string;
}

class Orders {
  @ModelEventSource(Order)
  *placed(order: Order) {
    yield event('order_placed', order.id);
  }
}

const sdk = registerSdk();
const tracer = trace.getTracer('application');

describeEachDatabase('spans', (db) => {
  const applications: TestApplication[] = [];

  const start = async (setup: Partial<ApplicationSetup> = {}) => {
    const database = await db.options();
    // What is active while the application starts is no part of what it handles later.
    const application = await tracer.startActiveSpan('start', async (span) => {
      const started = await startApplication({ database, entities: [Order], ...setup });
      span.end();
      return started;
    });
    applications.push(application);
    sdk.forget();
    return application;
  };

  afterEach(async () => {
    for (const each of applications.splice(0)) await each.close();
  });

  it("link a handler's span to the append in the trace of the save that caused it", async () => {
    const seen = deferred<Record<string, unknown>>();
    const { app, dataSource } = await start({
      providers: [Orders, scriptedHandler('Mails', ({ metadata }) => seen.resolve({ ...metadata }))],
    });
    const save = await tracer.startActiveSpan('save', async (span) => {
      await dataSource.getRepository(Order).save({ name: 'Lamp' });
      span.end();
      return span.spanContext();
    });
    await drain(app);
    const [append] = sdk.spans('append');
    const [handle] = sdk.spans('handle');
    expect(append).toMatchObject({ name: 'append order_placed', kind: SpanKind.PRODUCER });
    expect(append!.attributes).toMatchObject({
      'messaging.system': 'nestjs-once',
      'messaging.operation.name': 'append',
      'messaging.operation.type': 'send',
      'messaging.destination.name': 'order_placed',
      'messaging.message.id': 'order_placed_1',
    });
    expect(append!.spanContext().traceId).toBe(save.traceId);
    expect(append!.parentSpanContext?.spanId).toBe(save.spanId);
    expect(handle!.parentSpanContext).toBeUndefined();
    expect(handle!.spanContext().traceId).not.toBe(save.traceId);
    expect(handle!.links.map((link) => link.context.spanId)).toEqual([append!.spanContext().spanId]);
    expect(handle!.links[0]!.context.traceId).toBe(save.traceId);
    expect((await seen.promise).traceparent).toBe(`00-${save.traceId}-${append!.spanContext().spanId}-01`);
  });

  it('tell of each start of a handler, with its attempt and its outcome; an error is recorded', async () => {
    const later = new Date(Date.now() + 3_600_000);
    const { app, log } = await start({
      options: { retry: { interval: 1, jitter: 0 } },
      providers: [
        scriptedHandler('Fails', (_, { attempt }) => {
          if (attempt === 1) throw new RangeError('too far');
          throw new NonRetriableError('never');
        }),
        scriptedHandler('Snoozes', () => {
          throw new SnoozeError(later);
        }),
      ],
    });
    await log.append({ group: 'made', key: 'made_1' });
    await drain(app).catch(() => undefined);
    const of = (handler: string) =>
      sdk.spans('handle').filter((span) => span.attributes['messaging.consumer.group.name'] === handler);
    await until(async () => {
      await drain(app).catch(() => undefined);
      return of('Fails').length === 2;
    });
    const [first, second] = of('Fails');
    expect(first).toMatchObject({
      name: 'handle made',
      kind: SpanKind.CONSUMER,
      status: { code: SpanStatusCode.ERROR, message: 'too far' },
      events: [{ name: 'exception', attributes: { 'exception.type': 'RangeError' } }],
    });
    expect(first!.attributes).toMatchObject({
      'messaging.operation.type': 'process',
      'messaging.destination.name': 'made',
      'messaging.message.id': 'made_1',
      'nestjs_once.attempt': 1,
      'nestjs_once.outcome': 'retry',
      'error.type': 'RangeError',
    });
    expect(second!.attributes).toMatchObject({ 'nestjs_once.attempt': 2, 'nestjs_once.outcome': 'dead' });
    const [snoozed] = of('Snoozes');
    expect(snoozed).toMatchObject({ status: { code: SpanStatusCode.UNSET }, events: [] });
    expect(snoozed!.attributes).toMatchObject({ 'nestjs_once.outcome': 'snoozed' });
  });

  it('say what can be said of an error that cannot be read', async () => {
    const { app, log } = await start({
      options: { retry: { maxRetries: 0 } },
      providers: [
        scriptedHandler('Fails', ({ data }) => {
          throw hostileValues[data as number]![1];
        }),
      ],
    });
    await log.append(hostileValues.map((_, index) => ({ group: 'made', key: `made_${index}`, data: index })));
    await expect(drain(app)).rejects.toThrow(DrainFailedError);
    const outcomes = sdk.spans('handle').map(({ status, attributes }) => ({
      code: status.code,
      outcome: attributes['nestjs_once.outcome'],
    }));
    expect(outcomes).toEqual(hostileValues.map(() => ({ code: SpanStatusCode.ERROR, outcome: 'dead' })));
  });

  it.each(['background', 'inline'] as const)(
    'of what a handler calls nest below its own; nothing of the request reaches it (%s)',
    async (dispatch) => {
      const seen = deferred<{ baggage: unknown; traceId?: string }>();
      const { log } = await start({
        options: { dispatch, worker: { pollInterval: 20 } },
        providers: [
          scriptedHandler('Calls', ({ metadata }) => {
            tracer.startSpan('called').end();
            const baggage = propagation.getActiveBaggage() ?? metadata.baggage;
            seen.resolve({ baggage, traceId: trace.getActiveSpan()?.spanContext().traceId });
          }),
        ],
      });
      const baggage = propagation.createBaggage({ user: { value: 'Ada' } });
      const request = await context.with(propagation.setBaggage(context.active(), baggage), () =>
        tracer.startActiveSpan('request', async (span) => {
          await log.append({ group: 'made', key: 'made_1' });
          span.end();
          return span.spanContext();
        }),
      );
      const inside = await seen.promise;
      await until(() => sdk.spans('handle').length === 1);
      const [handle] = sdk.spans('handle');
      const [called] = sdk.spans('called');
      expect(called!.parentSpanContext?.spanId).toBe(handle!.spanContext().spanId);
      expect(inside).toEqual({ baggage: undefined, traceId: handle!.spanContext().traceId });
      expect(inside.traceId).not.toBe(request.traceId);
    },
  );

  it('are a chain: what a handler emits is appended within its span', async () => {
    const { app, log } = await start({
      providers: [
        scriptedHandler('First', () => log.append({ group: 'second', key: 'second_1' }), {
          pattern: 'first',
        }),
        scriptedHandler('Second', () => undefined, { pattern: 'second' }),
      ],
    });
    await log.append({ group: 'first', key: 'first_1' });
    await drain(app);
    const [first] = sdk.spans('handle first');
    const [append] = sdk.spans('append second');
    const [second] = sdk.spans('handle second');
    expect(append!.parentSpanContext?.spanId).toBe(first!.spanContext().spanId);
    expect(second!.links.map((link) => link.context.spanId)).toEqual([append!.spanContext().spanId]);
  });

  it('tell of claims that found something, and of no others', async () => {
    const { app, log } = await start({ providers: [scriptedHandler('Any', () => undefined)] });
    await drain(app);
    expect(sdk.spans('claim')).toEqual([]);
    await log.append([
      { group: 'made', key: 'made_1' },
      { group: 'made', key: 'made_2' },
    ]);
    await drain(app);
    const [claim, ...others] = sdk.spans('claim');
    expect(others).toEqual([]);
    expect(claim).toMatchObject({ name: 'claim made', kind: SpanKind.CLIENT });
    expect(claim!.attributes).toMatchObject({
      'messaging.operation.type': 'receive',
      'messaging.batch.message_count': 2,
    });
  });

  it('tell of each scan, with what it came to; what it records is appended within it', async () => {
    const { dataSource, rescan } = await start({ providers: [Orders] });
    const table = dataSource.getRepository(Order).metadata.tablePath;
    const quoted = dataSource.driver.escape(table);
    await dataSource.query(`INSERT INTO ${quoted} (name) VALUES ('a'), ('b')`);
    await rescan.run();
    const [scan] = sdk.spans('re-scan');
    expect(scan!.name).toBe('re-scan Order');
    expect(scan!.attributes).toMatchObject({
      'nestjs_once.source': 'Orders.placed',
      'nestjs_once.scan.rows': 2,
      'nestjs_once.scan.recorded': 2,
      'nestjs_once.scan.interrupted': false,
    });
    expect(sdk.spans('append')[0]!.parentSpanContext?.spanId).toBe(scan!.spanContext().spanId);
  });

  it('fail with the append that failed', async () => {
    const { log } = await start();
    await expect(log.append({ group: '', key: 'x' })).rejects.toMatchObject({ code: 'INVALID_EVENT' });
    await expect(log.append({ group: 'x', key: 'x', data: () => 1 })).rejects.toMatchObject({
      code: 'PAYLOAD_NOT_ENCODABLE',
    });
    expect(sdk.spans('append')).toMatchObject([{ status: { code: SpanStatusCode.ERROR } }]);
  });

  it('are none with telemetry: false, and nothing is stored', async () => {
    const { app, log } = await start({
      options: { telemetry: false },
      providers: [scriptedHandler('Any', () => undefined)],
    });
    await tracer.startActiveSpan('save', async (span) => {
      await log.append({ group: 'made', key: 'made_1' });
      span.end();
    });
    await drain(app);
    expect(sdk.spans().map(({ name }) => name)).toEqual(['save']);
    expect((await log.get('made_1'))!.metadata).not.toHaveProperty('traceparent');
  });
});
