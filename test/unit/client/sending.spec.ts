import { FakePage, FakeServer } from './fake-page.js';

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
    let arrive: (status: number) => void;
    server.answer = () => new Promise((resolve) => (arrive = resolve));
    const log = page.open({ batchSize: 1 });
    log.log('shop.A');
    log.log('shop.B');
    const flushed = log.flush();
    expect(server.requests).toHaveLength(1);
    server.answer = () => 202;
    arrive!(202);
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
      ['is a proxy that knows nothing', { status: 404, body: { message: 'no such route' } }],
      ['wants to know who it is', 401],
      ['lets its guard refuse', { status: 403, body: { errors: [{ index: 0 }] } }],
      ['limits the rate', { status: 429, body: { errors: [{ index: 0 }] } }],
    ])('because it %s, keeps all and tries again with the same keys', async (_, answer) => {
      server.answer = () => answer;
      const log = page.open();
      log.log('shop.A');
      log.log('shop.B');
      await log.flush();
      expect(page.problems).toMatchObject([{ code: 'NOT_SENT' }]);
      server.answer = () => 202;
      page.ring();
      await log.flush();
      expect(server.names()).toEqual(['shop.A', 'shop.B']);
      expect(server.requests[1]).toEqual(server.requests[0]);
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
        waits.push(page.waits[0]!);
        expect(page.waits).toHaveLength(1);
      }
      waits.forEach((wait, attempt) => expect(wait).toBeGreaterThanOrEqual(500 * 2 ** attempt));
      server.answer = () => 202;
      await log.flush();
      log.log('shop.C');
      expect(page.waits).toEqual([10]);
      server.answer = () => 503;
      await log.flush();
      expect(page.waits[0]).toBeLessThanOrEqual(1000);
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
        expect(page.waits[0]).toBeGreaterThanOrEqual(wait);
        expect(page.waits[0]).toBeLessThanOrEqual(86_400_000);
        await log.flush();
        page.emit('online');
        page.emit('pagehide');
        expect(server.requests).toHaveLength(1);
        expect(page.navigator.beacons).toEqual([]);
        server.answer = () => 202;
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
      server.answer = () => 202;
      page.emit('online');
      await log.flush();
      expect(server.names()).toEqual(['shop.A']);
    });
  });

  describe('whose server refuses', () => {
    it.each([400, 404, 409, 413])(
      'some with %d, drops and tells of those and sends the rest',
      async (status) => {
        server.answer = (events) => {
          const errors = events.flatMap(({ bad }, index) => (bad ? [{ index, code: 'BAD' }] : []));
          return errors.length > 0 ? { status, body: { errors } } : 202;
        };
        const log = page.open();
        log.log('shop.A');
        log.log('shop.B', { bad: true });
        log.log('shop.C');
        log.log('shop.D', { bad: true });
        await log.flush();
        expect(server.names()).toEqual(['shop.A', 'shop.C']);
        expect(server.requests).toHaveLength(2);
        expect(page.problems).toMatchObject([
          { code: 'REJECTED', status, event: expect.stringContaining('shop.B'), cause: { code: 'BAD' } },
          { code: 'REJECTED', status, event: expect.stringContaining('shop.D') },
        ]);
        expect(page.localStorage.length).toBe(0);
      },
    );

    it.each([413, 400])('all with %d, finds the one that it is about by halves', async (status) => {
      server.answer = (events) => (events.some(({ bad }) => bad) ? status : 202);
      const log = page.open();
      for (const bad of [false, false, true, false, false]) log.log('shop.A', { bad });
      await log.flush();
      expect(server.recorded.size).toBe(4);
      expect(page.problems).toMatchObject([{ code: 'REJECTED', status }]);
      expect(page.localStorage.length).toBe(0);
    });

    it('requests that are too large, makes them smaller and larger again', async () => {
      let limit = 2;
      server.answer = (events) => (events.length > limit ? 413 : 202);
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
