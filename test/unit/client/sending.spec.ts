import { type FakeAnswer, FakePage, FakeServer, type SentEvent } from './fake-page.js';

/** Requests that nobody awaits have their answers. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

describe('A client', () => {
  let server: FakeServer;
  let page: FakePage;

  beforeEach(() => {
    server = new FakeServer();
    page = new FakePage(server);
  });

  it('sends what is logged, with name, key and the time of the call, as one request', async () => {
    const log = page.open();
    const before = Date.now();
    const data = { dealId: 'd1', nested: { position: 2 } };
    log.log('shop.DealClick', data);
    data.nested.position = 3;
    log.log('shop.PageView');
    await log.flush();

    expect(server.requests).toHaveLength(1);
    const [click, view] = server.requests[0]!;
    expect(click).toEqual({
      dealId: 'd1',
      nested: { position: 2 },
      __event__: 'shop.DealClick',
      __key__: expect.any(String),
      __occurredAt__: expect.any(String),
    });
    expect(Date.parse(click!.__occurredAt__)).toBeGreaterThanOrEqual(before);
    expect(view).toMatchObject({ __event__: 'shop.PageView' });
    expect(view!.__key__).not.toBe(click!.__key__);
    expect(page.requests[0]).toMatchObject({
      url: 'https://shop.example/event/log',
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      credentials: 'same-origin',
    });
    expect(page.waits).toEqual([]);
  });

  it('takes the key that it is given', async () => {
    const log = page.open();
    log.log('shop.Order', {}, { key: 'order-17' });
    await log.flush();
    expect(server.recorded.has('order-17')).toBe(true);
  });

  it('waits for further events, and sends at once when a request is full', async () => {
    const log = page.open({ flushInterval: 500, batchSize: 3 });
    log.log('shop.A');
    log.log('shop.B');
    expect(page.waits).toEqual([500]);
    expect(server.requests).toEqual([]);
    log.log('shop.C');
    expect(server.requests).toHaveLength(1);
    await log.flush();
    log.log('shop.D');
    page.ring();
    await log.flush();
    expect(server.requests.map((events) => events.length)).toEqual([3, 1]);
  });

  it('has one request under way at a time, and then sends what came meanwhile', async () => {
    let arrive: (answer: string) => void;
    server.answer = () => new Promise((resolve) => (arrive = resolve));
    const log = page.open({ batchSize: 1 });
    log.log('shop.A');
    log.log('shop.B');
    const flushed = log.flush();
    expect(server.requests).toHaveLength(1);
    server.answer = () => 'recorded';
    arrive!('recorded');
    await flushed;
    expect(server.names()).toEqual(['shop.A', 'shop.B']);
  });

  it('cuts requests by number and by bytes', async () => {
    const log = page.open({ batchSize: 100 });
    const text = 'é'.repeat(10_000);
    for (let i = 0; i < 7; i++) log.log('shop.Big', { text });
    await log.flush();
    expect(server.requests.map((events) => events.length)).toEqual([2, 2, 2, 1]);
    for (const { body } of page.requests) expect(Buffer.byteLength(body)).toBeLessThan(60_100);
  });

  it('asks for further headers each time', async () => {
    let token = 1;
    const log = page.open({ headers: () => ({ 'x-token': `${token++}` }), credentials: 'include' });
    log.log('shop.A');
    await log.flush();
    log.log('shop.B');
    await log.flush();
    expect(page.requests.map(({ headers }) => headers['x-token'])).toEqual(['1', '2']);
    expect(page.requests[0]!.credentials).toBe('include');
  });

  describe('whose server is unable', () => {
    it.each([
      ['is away', new Error('Failed to fetch')],
      ['answers 500', 500],
      ['answers 503 with a body that is none of ours', { status: 503, body: '<html>' }],
      ['is a captive portal', 200],
      ['is a proxy that takes all by itself', 202],
      ['is a proxy that takes all, with a body', { status: 202, body: { results: [{ key: 'a' }] } }],
      ['is a proxy that knows nothing', { status: 404, body: { message: 'no such route' } }],
      ['is behind a proxy that finds it wrong', 400],
      ['is behind a proxy that finds it too large', 413],
      ['wants to know who it is', 401],
      ['lets its guard refuse', { status: 403, body: { errors: [{ index: 0 }] } }],
      [
        'lets its guard find it wrong',
        { status: 400, body: { errors: [{ index: 0, code: 'NO', message: '' }] } },
      ],
      ['limits the rate', { status: 429, body: { errors: [{ index: 0 }] } }],
      ['says what nobody knows', { status: 202, verdict: 'maybe 1' }],
      ['names nobody', { status: 400, verdict: 'refused' }],
    ])('because it %s, keeps all and tries again with the same keys', async (_, answer) => {
      server.answer = () => answer;
      const log = page.open();
      log.log('shop.A');
      log.log('shop.B');
      await log.flush();
      expect(new Set(page.problems.map(({ code }) => code))).toEqual(new Set(['NOT_SENT']));
      expect(page.localStorage.length).toBe(2);
      server.recorded.clear();
      server.answer = () => 'recorded';
      page.ring();
      await log.flush();
      expect(server.names().sort()).toEqual(['shop.A', 'shop.B']);
      expect([...server.recorded.keys()].sort()).toEqual(server.requests[0]!.map(({ __key__ }) => __key__));
      expect(page.localStorage.length).toBe(0);
    });

    it('comes back ever later, whatever is logged meanwhile, and soon again after a success', async () => {
      server.answer = () => 503;
      const log = page.open({ batchSize: 2, flushInterval: 10 });
      log.log('shop.A');
      const waits = [];
      for (let attempt = 0; attempt < 4; attempt++) {
        page.ring();
        await log.flush();
        log.log('shop.B');
        waits.push(Math.min(...page.waits));
      }
      waits.forEach((wait, attempt) => expect(wait).toBeGreaterThanOrEqual(500 * 2 ** (attempt / 2 - 1)));
      server.answer = () => 'recorded';
      await log.flush();
      log.log('shop.C');
      expect(page.waits).toEqual([10]);
      server.answer = () => 503;
      await log.flush();
      expect(Math.max(...page.waits)).toBeLessThanOrEqual(1000);
    });

    it.each([
      ['seconds', '120', 120_000],
      ['a date', new Date(Date.now() + 600_000).toUTCString(), 590_000],
      ['far too much', '99999999', 86_400_000],
    ])(
      'and asks for a pause by %s, is not asked before, not even on request',
      async (_, retryAfter, wait) => {
        server.answer = () => ({ status: 429, retryAfter });
        const log = page.open();
        log.log('shop.A');
        await log.flush();
        expect(Math.min(...page.waits)).toBeGreaterThanOrEqual(wait);
        expect(Math.max(...page.waits)).toBeLessThanOrEqual(86_400_000);
        await log.flush();
        page.emit('online');
        page.emit('pagehide');
        expect(server.requests).toHaveLength(1);
        expect(page.navigator.beacons).toEqual([]);
        server.answer = () => 'recorded';
        page.ring();
        await log.flush();
        expect(server.names()).toEqual(['shop.A']);
      },
    );

    it('is asked at once when the network is back', async () => {
      server.answer = () => new Error('offline');
      const log = page.open();
      log.log('shop.A');
      await log.flush();
      server.answer = () => 'recorded';
      page.emit('online');
      await log.flush();
      expect(server.names()).toEqual(['shop.A']);
    });
  });

  describe('whose server refuses', () => {
    const bad = (events: SentEvent[]) => events.flatMap((event, index) => (event.bad ? [index] : []));
    const logFour = async () => {
      const log = page.open();
      log.log('shop.A');
      log.log('shop.B', { bad: true });
      log.log('shop.C');
      log.log('shop.D', { bad: true });
      await log.flush();
      return log;
    };

    it.each([
      [
        'by its header, whatever the status',
        (named: number[]) => ({ status: 200, verdict: `refused ${named.join(' ')}` }),
        undefined,
      ],
      [
        'by its body, where the header is kept back',
        (named: number[], events: SentEvent[]) => ({
          status: 404,
          body: {
            statusCode: 404,
            errors: named.map((index) => ({ index, event: events[index]!.__event__, code: 'BAD' })),
          },
        }),
        'BAD',
      ],
    ])('some %s, drops and tells of those and sends the rest', async (_, refusing, code) => {
      server.answer = (events) => (bad(events).length > 0 ? refusing(bad(events), events) : 'recorded');
      await logFour();
      expect(server.names()).toEqual(['shop.A', 'shop.C']);
      expect(server.requests).toHaveLength(2);
      expect(page.problems).toMatchObject([
        {
          code: 'REJECTED',
          event: expect.stringContaining('shop.B'),
          cause: { index: 1, ...(code ? { code } : {}) },
        },
        { code: 'REJECTED', event: expect.stringContaining('shop.D') },
      ]);
      expect(page.localStorage.length).toBe(0);
    });

    it('in the words of an earlier release, which answers 202 and the keys alone, takes that for recorded', async () => {
      server.answer = (events) => ({
        status: 202,
        body: { results: events.map(({ __key__ }) => ({ key: __key__, recorded: true })) },
      });
      await logFour();
      expect(page.localStorage.length).toBe(0);
      expect(page.problems).toEqual([]);
    });

    it('an event that another name is given for by a body without a header, believes nothing', async () => {
      server.answer = () => ({ status: 400, body: { errors: [{ index: 0, event: 'shop.X', code: 'BAD' }] } });
      await logFour();
      expect(page.localStorage.length).toBe(4);
    });

    it('some for now, sends the others at once and asks for those later, by themselves', async () => {
      server.answer = (events) =>
        bad(events).length > 0
          ? { status: 503, verdict: `later ${bad(events).join(' ')}`, retryAfter: '5' }
          : 'recorded';
      const log = await logFour();
      expect(server.names()).toEqual(['shop.A', 'shop.C']);
      expect(page.localStorage.length).toBe(2);
      log.log('shop.E');
      page.ring();
      await log.flush();
      expect(server.names()).toEqual(['shop.A', 'shop.C', 'shop.E']);
      server.answer = () => 'recorded';
      await log.flush();
      expect(server.recorded.size).toBe(5);
      expect(page.waits).toEqual([]);
    });

    it('a request that is too large, finds the event that it is about by halves', async () => {
      server.answer = (events) => (bad(events).length > 0 ? 'smaller' : 'recorded');
      const log = page.open();
      for (const isBad of [false, false, true, false, false]) log.log('shop.A', { bad: isBad });
      await log.flush();
      expect(server.recorded.size).toBe(4);
      expect(page.problems).toMatchObject([{ code: 'REJECTED', status: 413 }]);
      expect(page.localStorage.length).toBe(0);
    });

    it('requests that are too large, makes them smaller and larger again', async () => {
      let limit = 2;
      server.answer = (events) => (events.length > limit ? 'smaller' : 'recorded');
      const log = page.open({ batchSize: 8 });
      for (let i = 0; i < 8; i++) log.log('shop.A');
      await log.flush();
      expect(server.recorded.size).toBe(8);
      expect(page.problems).toEqual([]);
      limit = 8;
      for (let i = 0; i < 16; i++) log.log('shop.B');
      await log.flush();
      expect(server.requests.at(-1)!.length).toBeGreaterThan(2);
    });
  });

  describe('behind a proxy that refuses one event for ever', () => {
    beforeEach(() => {
      server.answer = (events) => (events.some((event) => event.bad) ? answer : 'recorded');
    });
    let answer: FakeAnswer;

    it.each<[string, FakeAnswer]>([
      ['with 403 and a page', { status: 403, body: '<html>' }],
      ['with 400', 400],
      ['with 413', 413],
      ['by cutting the connection', new Error('reset')],
      ['with 502', 502],
    ])(
      '%s, brings all others, keeps that one, and holds nothing back that is logged later',
      async (_, refusal) => {
        answer = refusal;
        const log = page.open();
        for (let i = 0; i < 20; i++) log.log('shop.A', { bad: i === 3 });
        for (let rings = 0; rings < 30; rings++) {
          page.ring();
          await settled();
        }
        expect(server.recorded.size).toBe(19);
        expect(page.localStorage.length).toBe(1);
        log.log('shop.Later');
        expect(Math.min(...page.waits)).toBeLessThanOrEqual(2000);
        page.ring();
        await settled();
        expect(server.names()).toContain('shop.Later');
        expect(page.problems.every(({ code }) => code === 'NOT_SENT')).toBe(true);

        server.answer = () => 'recorded';
        await log.flush();
        expect(server.recorded.size).toBe(21);
      },
    );

    it('asks for it ever more seldom', async () => {
      answer = 403;
      const log = page.open();
      log.log('shop.A', { bad: true });
      const waits = [];
      for (let attempt = 0; attempt < 12; attempt++) {
        await log.flush();
        waits.push(Math.max(...page.waits));
        page.ring();
        await settled();
      }
      expect(waits.at(-1)).toBeGreaterThanOrEqual(150_000);
    });

    it('brings them together again once it lets them through', async () => {
      const all = { status: 502 };
      server.answer = () => all;
      const log = page.open();
      for (let i = 0; i < 20; i++) log.log('shop.A');
      for (let rings = 0; rings < 60; rings++) {
        page.ring();
        await settled();
      }
      server.answer = () => 'recorded';
      const before = server.requests.length;
      await log.flush();
      expect(server.recorded.size).toBe(20);
      expect(server.requests.length - before).toBeLessThan(8);
    });
  });

  it('sends nothing more after stop()', async () => {
    const log = page.open();
    log.log('shop.A');
    log.stop();
    log.log('shop.B');
    page.ring();
    for (const type of ['online', 'pagehide']) page.emit(type);
    page.show('hidden');
    await log.flush();
    expect(server.requests).toEqual([]);
    expect(page.navigator.beacons).toEqual([]);
    const listeners = [...page.listeners.values(), ...page.document.listeners.values()];
    expect(listeners.map(({ size }) => size)).toEqual([0, 0, 0]);

    const next = page.open();
    await next.flush();
    expect(server.names()).toEqual(['shop.A']);
  });
});
