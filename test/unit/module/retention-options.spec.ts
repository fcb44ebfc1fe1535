import { InvalidOptionError } from '../../../lib/core/errors.js';
import { UnknownOptionError } from '../../../lib/core/options/known-options.js';
import { resolveOptions } from '../../../lib/module/options.js';
import { describeReport } from '../../../lib/module/retention-chore.js';
import type { RetentionOptions } from '../../../lib/module/retention-options.js';

const DAY = 86_400_000;
const resolved = (retention?: RetentionOptions | false) =>
  resolveOptions(retention === undefined ? {} : { retention }).retention;

describe('the option retention', () => {
  it('keeps finished deliveries for a while and everything else for ever, unless told otherwise', () => {
    expect(resolved()).toEqual({ succeeded: 7 * DAY, cancelled: 30 * DAY, batchSize: 1000, every: 600_000 });
  });

  it('takes durations, and false for ever', () => {
    expect(
      resolved({
        succeeded: false,
        cancelled: 0,
        dead: '90d',
        payload: '4w',
        events: '365d',
        batchSize: 50,
        every: '1m',
      }),
    ).toEqual({
      cancelled: 0,
      dead: 90 * DAY,
      payload: 28 * DAY,
      events: 365 * DAY,
      batchSize: 50,
      every: 60_000,
    });
  });

  it('is off when nothing is ever removed', () => {
    expect(resolved(false)).toBe(false);
    expect(resolved({ succeeded: false, cancelled: false })).toBe(false);
  });

  it.each<[object, string]>([
    [{ succeeded: '7 days' }, 'expected retention.succeeded to be a number of milliseconds'],
    [{ dead: true }, 'expected retention.dead to be a number of milliseconds'],
    [{ payload: -1 }, 'expected retention.payload to be a number of milliseconds'],
    [{ batchSize: 0 }, 'expected retention.batchSize to be a whole number from 1 to 10000, got 0'],
    [{ batchSize: 10_001 }, 'expected retention.batchSize to be a whole number from 1 to 10000'],
    [{ every: 0 }, 'expected retention.every to be from 1 ms to 24 days, got 0'],
  ])('refuses %j', (options, message) => {
    expect(() => resolved(options as RetentionOptions)).toThrow(InvalidOptionError);
    expect(() => resolved(options as RetentionOptions)).toThrow(message);
  });

  it('knows no other option', () => {
    expect(() => resolved({ payloads: '7d' } as never)).toThrow(UnknownOptionError);
    expect(() => resolved({ payloads: '7d' } as never)).toThrow('Did you mean "payload"?');
  });
});

describe('describeReport', () => {
  const nothing = { succeeded: 0, cancelled: 0, dead: {}, payloads: 0, events: 0 };

  it('says nothing of nothing', () => {
    expect(describeReport(nothing)).toBeUndefined();
    expect(describeReport({ ...nothing, dead: { Mails: 0 } })).toBeUndefined();
  });

  it('counts what was removed, dead deliveries by handler', () => {
    const report = { succeeded: 5, cancelled: 4, dead: { Mails: 2, Stats: 1 }, payloads: 7, events: 8 };
    expect(describeReport(report)).toBe(
      '5 succeeded deliveries deleted, 4 cancelled deliveries deleted, ' +
        '3 dead deliveries deleted (Mails 2, Stats 1), data of 7 events removed, 8 events deleted with their keys',
    );
  });
});
