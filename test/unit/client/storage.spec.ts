import { FakePage, FakeServer, FakeStorage } from './fake-page.js';

describe('What a client has stored', () => {
  let server: FakeServer;
  let storage: FakeStorage;
  const newPage = () => new FakePage(server, storage);

  beforeEach(() => {
    server = new FakeServer();
    storage = new FakeStorage();
  });

  it('outlives the page, and the next page sends it in its order and with its keys', async () => {
    const log = newPage().open();
    for (let i = 0; i < 20; i++) log.log('shop.A', { i });
    expect(storage.length).toBe(20);

    await newPage().open().flush();
    expect([...server.recorded.values()].map(({ i }) => i)).toEqual([...Array(20).keys()]);
    expect(storage.length).toBe(0);
    await log.flush();
    expect(server.recorded.size).toBe(20);
  });

  it('stays while nobody knows whether the server has it', async () => {
    const page = newPage();
    server.answer = () => new Error('connection lost after the server had it');
    const log = page.open();
    log.log('shop.A');
    await log.flush();
    expect(storage.length).toBe(1);
  });

  it('is sent by another tab when its own is gone, and not again by one that has taken it over', async () => {
    server.answer = () => 503;
    const [one, two, three] = [newPage(), newPage(), newPage()];
    one.open().log('shop.A');
    const logs = [two.open(), three.open()];
    for (const log of logs) await log.flush();
    server.answer = () => 'recorded';
    const before = server.requests.length;
    for (const log of logs) await log.flush();
    expect(server.names()).toEqual(['shop.A']);
    expect(server.requests.length).toBe(before + 1);
  });

  it('is sent by a tab that is shown again', async () => {
    const page = newPage();
    const log = page.open();
    newPage().open().log('shop.A');
    page.show('visible');
    await log.flush();
    expect(server.names()).toEqual(['shop.A']);
  });

  it('is never undone by another tab that logs, sends and clears at the same time', async () => {
    const logs = [newPage().open(), newPage().open(), newPage().open()];
    for (let i = 0; i < 30; i++) {
      logs[i % 3]!.log('shop.A', { i });
      if (i % 4 === 0) await logs[(i + 1) % 3]!.flush();
    }
    // Two tabs die here; the third is shown.
    await newPage().open().flush();
    expect(server.recorded.size).toBe(30);
    expect(storage.length).toBe(0);
  });

  it('does not matter to a tab whose own it was when the application clears the storage', async () => {
    const log = newPage().open();
    log.log('shop.A');
    storage.entries.clear();
    await log.flush();
    expect(server.names()).toEqual(['shop.A']);
  });

  it('is of one server each', async () => {
    newPage().open({ url: '/other' }).log('shop.A');
    await newPage().open().flush();
    expect(server.requests).toEqual([]);
  });

  it('leaves what others have stored there alone, even under such a name', async () => {
    storage.setItem('cart', '[17]');
    newPage().open().log('shop.A');
    const name = [...storage.entries.keys()].at(-1);
    storage.setItem(`${name}x`, 'no JSON');
    await newPage().open().flush();
    expect(server.names()).toEqual(['shop.A']);
    expect(storage.getItem('cart')).toBe('[17]');
  });

  it('is bounded in number: further events are refused, told of, and what waits stays', async () => {
    const page = newPage();
    server.answer = () => 503;
    const log = page.open({ maxQueue: 3 });
    for (const name of ['shop.A', 'shop.B', 'shop.C', 'shop.D']) log.log(name);
    expect(page.problems).toMatchObject([
      { code: 'QUEUE_FULL', event: expect.stringContaining('shop.D') as string },
    ]);
    expect(storage.length).toBe(3);
    const next = newPage();
    const nextLog = next.open({ maxQueue: 3 });
    nextLog.log('shop.E');
    expect(next.problems).toMatchObject([{ code: 'QUEUE_FULL', event: expect.stringContaining('shop.E') }]);
    await nextLog.flush();
    server.answer = () => 'recorded';
    await nextLog.flush();
    expect(server.names()).toEqual(['shop.A', 'shop.B', 'shop.C']);
    log.log('shop.F');
    expect(page.problems).toHaveLength(2);
  });

  it('is bounded in bytes', () => {
    const page = newPage();
    const log = page.open({ maxBytes: 1000 });
    log.log('shop.A', { text: 'ü'.repeat(300) });
    log.log('shop.B', { text: 'ü'.repeat(300) });
    log.log('shop.C');
    expect(page.problems).toMatchObject([{ code: 'QUEUE_FULL', event: expect.stringContaining('shop.B') }]);
    expect(storage.length).toBe(2);
  });

  it('has room again for what the server has', async () => {
    const page = newPage();
    const log = page.open({ maxQueue: 1, maxBytes: 200 });
    for (let i = 0; i < 5; i++) {
      log.log('shop.A');
      await log.flush();
    }
    expect(page.problems).toEqual([]);
    expect(server.recorded.size).toBe(5);
  });

  it('may be elsewhere, or nowhere', async () => {
    const session = new FakeStorage();
    newPage().open({ storage: session }).log('shop.A');
    expect([storage.length, session.length]).toEqual([0, 1]);
    const log = newPage().open({ storage: false });
    log.log('shop.B');
    expect([storage.length, session.length]).toEqual([0, 1]);
    await log.flush();
    expect(server.names()).toEqual(['shop.B']);
  });
});
