import { FakePage, FakeServer } from './fake-page.js';

describe('A page that is being left', () => {
  let page: FakePage;

  beforeEach(() => {
    page = new FakePage(new FakeServer());
  });

  it('sends by beacon what waits, once though it is hidden and unloaded, and keeps it until the server has it', async () => {
    const log = page.open();
    log.log('shop.A');
    log.log('shop.B');
    page.show('hidden');
    page.emit('pagehide');
    const beacons = await page.beacons();
    expect(beacons.flat().map((event) => event.__event__)).toEqual(['shop.A', 'shop.B']);
    expect(page.navigator.beacons[0]!.type).toBe('application/json');
    expect(page.localStorage.length).toBe(2);

    page.show('visible');
    await log.flush();
    expect(page.server.requests).toEqual(beacons);
    expect(page.localStorage.length).toBe(0);
    page.show('hidden');
    expect(page.navigator.beacons).toHaveLength(1);
  });

  it('sends what came in between by the second', async () => {
    const log = page.open();
    log.log('shop.A');
    page.show('hidden');
    log.log('shop.B');
    page.emit('pagehide');
    expect((await page.beacons()).map((events) => events.map((event) => event.__event__))).toEqual([
      ['shop.A'],
      ['shop.B'],
    ]);
  });

  it('sends also what a request is carrying that may not arrive', async () => {
    page.server.answer = () => new Promise(() => undefined);
    const log = page.open();
    log.log('shop.A');
    void log.flush();
    page.show('hidden');
    expect(page.navigator.beacons).toHaveLength(1);
  });

  it('sends no beacon above 64 KiB, and keeps what the browser does not take on', async () => {
    const log = page.open({ batchSize: 4 });
    page.server.answer = () => 503;
    for (let i = 0; i < 10; i++) log.log('shop.A', { text: 'é'.repeat(5_000) });
    log.log('shop.Huge', { text: 'x'.repeat(70_000) });
    log.log('shop.Last');
    page.show('hidden');
    // Of 40 kB, 40 kB, 20 kB, 70 kB and the last, a browser that lets 64 KiB be under way takes three.
    expect((await page.beacons()).map((events) => events.length)).toEqual([4, 2, 1]);
    for (const { size } of page.navigator.beacons) expect(size).toBeLessThan(65_536);
    expect(page.localStorage.length).toBe(12);

    page.server.answer = () => 'recorded';
    await log.flush();
    expect(page.server.recorded.size).toBe(12);
  });

  it.each([
    ['to another origin', { url: 'https://events.example/event/log' }],
    ['with headers', { headers: { 'x-token': '1' } }],
    ['without cookies', { credentials: 'omit' as const }],
  ])('uses a request that outlives it where a beacon cannot go: %s', (_, options) => {
    page.open(options).log('shop.A');
    page.show('hidden');
    expect(page.navigator.beacons).toEqual([]);
    expect(page.requests).toMatchObject([{ keepalive: true }]);
    expect(page.localStorage.length).toBe(1);
  });

  it('uses such a request also where there are no beacons', () => {
    delete page.navigator.sendBeacon;
    page.open().log('shop.A');
    page.show('hidden');
    expect(page.requests).toMatchObject([{ keepalive: true }]);
  });

  it('with nothing that waits sends nothing', () => {
    page.open();
    page.show('hidden');
    expect([page.navigator.beacons, page.requests]).toEqual([[], []]);
  });
});
