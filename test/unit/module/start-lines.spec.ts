import { summaryOf, unmatchedNames } from '../../../lib/module/start-lines.js';

describe('the summary at start', () => {
  const options = { prefix: 'once_', schema: 'migrate', dispatch: 'background', rescan: false } as const;

  it('names database, tables, handlers, sources and schedule', () => {
    const rescan = { cron: '0 * * * *', timeZone: undefined, batchSize: 1000, onStart: false };
    const started = { name: 'default', database: 'postgres', options: { ...options, rescan } };
    expect(
      summaryOf({ ...started, handlers: ['Mails.send', 'Tallies.count'], sources: ['Orders.made'] }),
    ).toBe(
      "Event log of DataSource \"default\" (postgres, tables once_…, schema 'migrate'): dispatch 'background', " +
        '2 handlers (Mails.send, Tallies.count), 1 source (Orders.made), re-scan at "0 * * * *".',
    );
  });

  it('says that there is none of them', () => {
    const line = summaryOf({ name: 'audit', database: 'mysql', options, handlers: [], sources: [] });
    expect(line).toContain('0 handlers, 0 sources, no scheduled re-scan.');
  });

  it('names the first of many handlers', () => {
    const handlers = Array.from({ length: 21 }, (_, index) => `H${index}`);
    const line = summaryOf({ name: 'default', database: 'mysql', options, handlers, sources: [] });
    expect(line).toContain('21 handlers (H0,');
    expect(line).toContain('H19, …)');
  });
});

describe('a handler on a name of no event class', () => {
  const known = ['shop.Ordered', 'shop.Paid'];
  const lines = (...patterns: (string | RegExp)[]) =>
    unmatchedNames([{ name: 'H', registration: { patterns } as never }], known);

  it('is told of, with the nearest name, where classes of that application are registered', () => {
    expect(lines('shop.Orderd')).toEqual([
      'Handler "H" takes "shop.Orderd", which is the name of no registered event class. Did you mean "shop.Ordered"?',
    ]);
  });

  it('is not told of where it may be of an event without a class', () => {
    expect(lines('shop.Ordered', 'shop.*', /shop.Orderd/, 'order_made', 'other.Orderd')).toEqual([]);
    expect(unmatchedNames([{ name: 'H', registration: { patterns: ['shop.X'] } as never }], [])).toEqual([]);
  });
});
