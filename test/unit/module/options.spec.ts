import { UnknownOptionError } from '../../../lib/core/options/known-options.js';
import { type EventSourcingOptions, resolveOptions } from '../../../lib/module/options.js';

describe('resolveOptions', () => {
  it('fills in the defaults', () => {
    expect(resolveOptions({}, {})).toMatchObject({
      prefix: 'once_',
      schema: 'migrate',
      dispatch: 'background',
      worker: {
        concurrency: 10,
        pollInterval: 1000,
        lease: 30_000,
        shutdownTimeout: 10_000,
        listen: true,
        directUrl: undefined,
      },
      retry: { maxRetries: 10, interval: 1000, backoff: 2, maxInterval: 3_600_000, jitter: 0.1 },
      onExhausted: 'dead-letter',
      bulkWrites: 'rescan',
      handlerExpiry: 604_800_000,
      events: [],
      eventTypes: { nestedNames: false, whitelist: false, trustedProxies: 0 },
    });
    expect(resolveOptions({}, { NODE_ENV: 'production' }).schema).toBe('verify');
  });

  it('takes durations as milliseconds and as strings', () => {
    const { worker, retry } = resolveOptions({
      worker: { lease: '1m', pollInterval: 250 },
      retry: { interval: '1.5s' },
    });
    expect([worker.lease, worker.pollInterval, retry.interval]).toEqual([60_000, 250, 1500]);
  });

  it.each<[object, string]>([
    [
      { worker: { lease: '30 seconds' } },
      'EventSourcingModule.forRoot: expected worker.lease to be a number of milliseconds',
    ],
    [{ events: Date }, 'expected events to be an array of classes, got function Date'],
    [{ events: ['Click'] }, 'expected events to be an array of classes, got an array of 1'],
    [{ eventTypes: { nestedNames: 1 } }, 'expected eventTypes.nestedNames to be true or false, got 1'],
    [
      { eventTypes: { whitelist: 'yes' } },
      `expected eventTypes.whitelist to be true, false or 'forbid', got "yes"`,
    ],
    [
      { eventTypes: { trustedProxies: -1 } },
      'expected eventTypes.trustedProxies to be a whole number, 0 or more, got -1',
    ],
    [
      { eventTypes: { nestedName: true } },
      'eventTypes: unknown option "nestedName". Did you mean "nestedNames"?',
    ],
    [{ worker: { lease: 0 } }, 'expected worker.lease to be from 1 ms to 24 days, got 0'],
    [
      { worker: { pollInterval: '30d' } },
      'expected worker.pollInterval to be from 1 ms to 24 days, got "30d"',
    ],
    [{ worker: { shutdownTimeout: -1 } }, 'expected worker.shutdownTimeout to be'],
    [{ worker: { concurrency: 0 } }, 'expected worker.concurrency to be a whole number, 1 or more, got 0'],
    [
      { worker: { directUrl: '//app:secret@db-1/app' } },
      'expected worker.directUrl to be a URL such as postgres://db-1:5432/app, got another string',
    ],
    [{ worker: { listen: 'no' } }, 'expected worker.listen to be true or false, got "no"'],
    [{ retry: { maxRetries: 1.5 } }, 'expected retry.maxRetries to be a whole number, 0 or more, got 1.5'],
    [{ retry: { backoff: 0.5 } }, 'expected retry.backoff to be a number, 1 or more'],
    [{ retry: { jitter: 2 } }, 'expected retry.jitter to be a number from 0 to 1'],
    [{ dispatch: 'later' }, "expected dispatch to be 'background' or 'inline' or 'none', got \"later\""],
    [{ onExhausted: 'exit' }, 'expected onExhausted to be'],
    [{ bulkWrites: 'warn' }, 'expected bulkWrites to be'],
    [{ schema: 'sync' }, 'expected schema to be'],
    [{ prefix: 'a-b' }, 'expected prefix to be 1 to 30 letters, digits or underscores, got "a-b"'],
    [{ clock: null }, 'expected clock to be { now(): Date }, got null'],
    [{ dataSource: 17 }, 'expected dataSource to be a string, got 17'],
    [{ handlerExpiry: null }, 'expected handlerExpiry to be a number of milliseconds'],
    [
      { payload: { maxBytes: 0 } },
      'expected payload.maxBytes to be a whole number of bytes, 1 or more, got 0',
    ],
    [{ payload: { steps: 'gzip' } }, 'expected payload.steps to be an array of steps, got "gzip"'],
    [{ rescan: { onStart: 1 } }, 'expected rescan.onStart to be true or false, got 1'],
    [{ clock: 17 }, 'expected clock to be { now(): Date }, got 17'],
    [
      { rescan: { cron: 'at noon' } },
      'expected rescan.cron to be a cron expression with a known time zone, got "at noon"',
    ],
    [{ rescan: { cron: '0 * * * *', timeZone: 'Moon/Crater' } }, 'in Moon/Crater'],
    [{ rescan: { batchSize: 0 } }, 'expected rescan.batchSize to be a whole number, 1 or more, got 0'],
  ])('refuses %j', (options, message) => {
    expect(() => resolveOptions(options as EventSourcingOptions)).toThrow(message);
  });

  it.each<[object, string | undefined]>([
    [{ dispach: 'none' }, 'dispatch'],
    [{ worker: { leese: 1 } }, 'lease'],
    [{ retry: { maxRetrys: 1 } }, 'maxRetries'],
    [{ rescan: { corn: '* * * * *' } }, 'cron'],
    [{ payload: { maxByte: 1 } }, 'maxBytes'],
    [{ colour: 'red' }, undefined],
  ])('knows no other option: %j', (options, suggestion) => {
    const resolved = () => resolveOptions(options);
    expect(resolved).toThrow(UnknownOptionError);
    if (suggestion) expect(resolved).toThrow(`Did you mean "${suggestion}"?`);
  });
});
