import { SpanStatusCode } from '@opentelemetry/api';
import type { Provider } from '@nestjs/common';
import { Followers } from 'nestjs-once';
import { FixedClock } from 'nestjs-once/testing';
import { startApplication, type TestApplication } from '../../support/application.js';
import { describeEachDatabase } from '../../support/databases.js';
import { until } from '../../support/deferred.js';
import { registerSdk } from '../../support/open-telemetry.js';
import { scriptedFollower } from '../../support/scripted-follower.js';

const sdk = registerSdk();

describeEachDatabase('telemetry of followers', (db) => {
  let application: TestApplication;
  let clock: FixedClock;

  beforeEach(() => sdk.forget());

  afterEach(() => application.close());

  async function start(...providers: Provider[]): Promise<Followers> {
    clock = new FixedClock('2026-01-01T00:00:00Z');
    application = await startApplication({
      database: await db.options(),
      providers,
      // What is followed, and when, is the test's: nothing runs by itself.
      options: { clock, dispatch: 'background', retry: { maxRetries: 0 }, worker: { pollInterval: '1h' } },
    });
    return application.app.get(Followers);
  }

  /** Counters go on from test to test: each test has followers of its own. */
  const valueOf = async (metric: string, follower: string) => {
    const points = await sdk.points(`nestjs_once.followers.${metric}`);
    return points.find(({ attributes }) => attributes['messaging.consumer.group.name'] === follower)?.value;
  };

  it('counts what was handled, what failed, what was skipped, and what was parked', async () => {
    const name = (what: string) => `${what} ${db.name}`;
    const failing = (onError: 'skip' | 'park') =>
      scriptedFollower(
        name(onError),
        '*',
        ({ key }) => {
          if (key === 'bad') throw new Error('no');
        },
        { onError },
      );
    const followers = await start(failing('skip'), failing('park'));
    const results = await application.log.append(
      ['good', 'bad', 'better'].map((key) => ({ group: 'g', key, orderKey: 'one' })),
    );
    const last = results.at(-1)!.event!.position;
    await followers.waitFor(name('skip'), last);
    await until(async () => (await followers.status(name('park'))).position >= last);
    expect(await valueOf('handled', name('skip'))).toBe(2);
    expect(await valueOf('failed', name('skip'))).toBe(1);
    expect(await valueOf('skipped', name('skip'))).toBe(1);
    expect(await valueOf('parkings', name('skip'))).toBeUndefined();
    expect(await valueOf('handled', name('park'))).toBe(1);
    expect(await valueOf('failed', name('park'))).toBe(1);
    expect(await valueOf('parkings', name('park'))).toBe(1);
    expect(await valueOf('parked', name('park'))).toBe(2);
  });

  it('measures how far a follower is behind, in positions and in seconds', async () => {
    const name = `Behind ${db.name}`;
    const followers = await start(scriptedFollower(name, '*', () => undefined));
    await followers.pause(name);
    const results = await application.log.append(['a', 'b', 'c'].map((key) => ({ group: 'g', key })));
    clock.advance('90s');
    expect(await valueOf('lag', name)).toBe(90);
    expect(await valueOf('backlog', name)).toBe(results.at(-1)!.event!.position);
  });

  it('traces each event that a follower is given, linked to where it was recorded; what it collects is within', async () => {
    const followers = await start(
      scriptedFollower('Collecting', 'cause', ({ key }, { collect }) => {
        if (key === 'bad') throw new Error('no');
        collect({ group: 'effect', key: `effect of ${key}` });
      }),
    );
    await application.log.append({ group: 'cause', key: 'good' });
    const [appended] = sdk.spans('append cause');
    await followers.waitFor('Collecting', 1);
    const [handled] = sdk.spans('handle cause');
    const [collected] = sdk.spans('append effect');
    expect(handled!.links.map(({ context }) => context.spanId)).toEqual([appended!.spanContext().spanId]);
    expect(handled!.parentSpanContext).toBeUndefined();
    expect(handled!.attributes).toMatchObject({
      'messaging.consumer.group.name': 'Collecting',
      'messaging.message.id': 'good',
      'nestjs_once.attempt': 1,
      'nestjs_once.outcome': 'succeeded',
    });
    expect(collected!.parentSpanContext?.spanId).toBe(handled!.spanContext().spanId);

    sdk.forget();
    await followers.pause('Collecting');
    await application.log.append({ group: 'cause', key: 'bad' });
    await followers.resume('Collecting');
    await followers.sync();
    const failed = sdk.spans('handle cause');
    expect(failed[0]).toMatchObject({ status: { code: SpanStatusCode.ERROR, message: 'no' } });
    expect(failed[0]!.attributes).not.toHaveProperty(['nestjs_once.outcome']);
  });
});
