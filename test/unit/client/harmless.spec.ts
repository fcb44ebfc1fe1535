import { FakePage, FakeServer, FakeStorage } from './fake-page.js';

const ENVELOPE = { __key__: expect.any(String), __occurredAt__: expect.any(String) };

describe('A client does the page no harm', () => {
  let server: FakeServer;
  let page: FakePage;

  beforeEach(() => {
    server = new FakeServer();
    page = new FakePage(server);
  });

  const cycle: Record<string, unknown> = {};
  cycle.self = cycle;

  it.each<[string, unknown]>([
    ['a cycle', cycle],
    ['a BigInt', { id: 1n }],
    [
      'a getter that throws',
      {
        get id() {
          throw new Error('no');
        },
      },
    ],
    ['a Map within', { deep: { map: new Map() } }],
    ['a Set', new Set()],
    ['an Error', new Error('no')],
    ['an Error within', { error: new Error('no') }],
    ['a FormData', { form: new FormData() }],
    ['a file', { file: new Blob(['x']) }],
    ['an event of the page', { event: new Event('click') }],
    ['bytes', { bytes: new Uint8Array(2) }],
    ['a pattern', { pattern: /x/ }],
    ['a promise', { soon: Promise.resolve(1) }],
    ['no number', { ratio: 0 / 0 }],
    ['a number without end', { list: [1 / 0] }],
    ['a whole number that is rounded', { id: 2 ** 53 }],
    ['no date', { at: new Date(NaN) }],
    ['a name of the envelope, deep', { deep: { __key__: 'k' } }],
    ['a reserved name', { ['__proto__']: 1, ['constructor']: 1 }],
    ['an empty name', { '': 1 }],
    ['null', null],
    ['an array', [1]],
    ['text', 'text'],
  ])('where the data is %s: that event is dropped and told of, others are sent', async (_, data) => {
    const log = page.open();
    log.log('shop.A', data as object);
    log.log('shop.B');
    await log.flush();
    expect(server.names()).toEqual(['shop.B']);
    expect(page.problems).toEqual([
      { code: 'NOT_ENCODABLE', message: expect.any(String), event: 'shop.A', cause: expect.any(Error) },
    ]);
  });

  it('where text is not well-formed: it is made so', async () => {
    const log = page.open();
    log.log(
      'shop.A',
      { text: '👍'.slice(0, 1) + 'a\0b👍', ['👍'.slice(1)]: ['👍'.slice(1)] },
      { key: '👍'.slice(1) },
    );
    await log.flush();
    expect(server.requests).toEqual([
      [expect.objectContaining({ text: '\ufffda\ufffdb👍', '\ufffd': ['\ufffd'], __key__: '\ufffd' })],
    ]);
    expect(page.requests[0]!.body.isWellFormed()).toBe(true);
  });

  it('where the data has a JSON form of its own, which knows no envelope', async () => {
    const log = page.open();
    const own = { toJSON: () => ({ form: 'own', at: new URL('https://shop.example/') }) };
    log.log('shop.A', own);
    log.log('shop.B', { own, left: undefined, out: () => 1, list: [undefined, , 1], at: new Date(0) });
    await log.flush();
    const form = { form: 'own', at: 'https://shop.example/' };
    expect(server.requests).toEqual([
      [
        { ...form, ...ENVELOPE, __event__: 'shop.A' },
        {
          own: form,
          list: [null, null, 1],
          at: '1970-01-01T00:00:00.000Z',
          ...ENVELOPE,
          __event__: 'shop.B',
        },
      ],
    ]);
  });

  it('where an old library gives arrays and dates a JSON form', async () => {
    const prototypes = [Array.prototype, Date.prototype, String.prototype] as { toJSON?: unknown }[];
    const before = prototypes.map(({ toJSON }) => toJSON);
    const log = page.open();
    try {
      for (const prototype of prototypes) prototype.toJSON = () => '"old"';
      log.log('shop.A', { list: [1, ['a']], at: new Date(0) });
    } finally {
      prototypes.forEach((prototype, i) => {
        if (before[i]) prototype.toJSON = before[i];
        else delete prototype.toJSON;
      });
    }
    await log.flush();
    expect(server.requests).toEqual([
      [{ list: [1, ['a']], at: '1970-01-01T00:00:00.000Z', ...ENVELOPE, __event__: 'shop.A' }],
    ]);
  });

  it('where options of a call are null', async () => {
    const log = page.open();
    log.log('shop.A', {}, null as never);
    await log.flush();
    expect(server.names()).toEqual(['shop.A']);
  });

  it('where its data names what only the client may', async () => {
    const log = page.open();
    log.log('shop.A', { __event__: 'shop.B', __key__: 'k' });
    await log.flush();
    expect(server.names()).toEqual(['shop.A']);
    expect(server.recorded.has('k')).toBe(false);
  });

  it('where the storage is full', async () => {
    const storage = new FakeStorage();
    storage.room = 0;
    page = new FakePage(server, storage);
    const log = page.open();
    log.log('shop.A');
    await log.flush();
    expect(server.names()).toEqual(['shop.A']);
    expect(page.problems).toEqual([]);
  });

  it.each(['denied', 'missing', 'broken'])('where the storage is %s', async (how) => {
    Object.defineProperty(page, 'localStorage', {
      get() {
        if (how === 'denied') throw new Error('SecurityError');
        return how === 'missing' ? null : { length: 3, key: () => null };
      },
    });
    const log = page.open();
    log.log('shop.A');
    page.show('hidden');
    page.show('visible');
    await log.flush();
    expect(server.names()).toEqual(['shop.A']);
  });

  it('where fetch is missing or throws: it waits', async () => {
    for (const fetch of [
      undefined,
      () => {
        throw new Error('blocked');
      },
    ]) {
      page = new FakePage(server);
      page.fetch = fetch as never;
      const log = page.open();
      log.log('shop.A');
      await log.flush();
      expect(page.problems).toMatchObject([{ code: 'NOT_SENT', status: 0, cause: expect.any(Error) }]);
      expect(page.localStorage.length).toBe(1);
    }
  });

  it('where beacons, or the headers of the page, throw', async () => {
    page.navigator.sendBeacon = () => {
      throw new Error('blob type');
    };
    page.open().log('shop.A');
    page.show('hidden');
    const headers = () => {
      throw new Error('no token');
    };
    const log = page.open({ headers });
    page.emit('pagehide');
    await log.flush();
    expect(page.problems.every(({ code }) => code === 'NOT_SENT')).toBe(true);
    expect(page.localStorage.length).toBe(1);
  });

  it('where onError throws', async () => {
    const log = page.open({
      maxQueue: 1,
      onError: () => {
        throw new Error('mine');
      },
    });
    log.log('shop.A', { id: 1n });
    log.log('shop.B');
    log.log('shop.C');
    server.answer = () => 'refused 0';
    await log.flush();
    expect(page.localStorage.length).toBe(0);
  });

  it.each<[string, unknown]>([
    ['no list', { errors: 'x' }],
    ['an index that there is not', { errors: [{ index: 7 }, { index: -1 }, { index: 'a' }, null] }],
    ['nothing at all', null],
  ])('where an answer names %s', async (_, body) => {
    server.answer = () => ({ status: 404, body });
    const log = page.open();
    log.log('shop.A');
    await log.flush();
    expect(page.problems).toMatchObject([{ code: 'NOT_SENT', status: 404 }]);
    expect(page.localStorage.length).toBe(1);
  });
});

describe('A client told to honour Do Not Track', () => {
  it.each([{ doNotTrack: '1' }, { globalPrivacyControl: true }])(
    'neither takes nor sends with %j',
    async (wish) => {
      const page = new FakePage(new FakeServer());
      const log = page.open({ respectDoNotTrack: true });
      log.log('shop.Before');
      Object.assign(page.navigator, wish);
      log.log('shop.A');
      page.show('hidden');
      page.show('visible');
      page.ring();
      await log.flush();
      expect([page.server.requests, page.navigator.beacons, page.localStorage.length]).toEqual([[], [], 1]);
    },
  );

  it.each([{ doNotTrack: '0' }, { doNotTrack: null }, {}])('sends with %j', async (wish) => {
    const page = new FakePage(new FakeServer());
    Object.assign(page.navigator, wish);
    const log = page.open({ respectDoNotTrack: true });
    log.log('shop.A');
    await log.flush();
    expect(page.server.recorded.size).toBe(1);
  });

  it('asks nobody unless it is told to', async () => {
    const page = new FakePage(new FakeServer());
    page.navigator.doNotTrack = '1';
    const log = page.open();
    log.log('shop.A');
    await log.flush();
    expect(page.server.recorded.size).toBe(1);
  });
});
