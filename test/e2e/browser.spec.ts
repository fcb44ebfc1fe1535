import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { BrowserContext, Page } from 'playwright-core';
import type { BrowserEventLog } from 'nestjs-once/client';
import { type Browser, describeInBrowser, openBrowser } from '../support/browser.js';
import { buildClientScript, SampleSite } from '../support/sample-site.js';

declare const eventLog: BrowserEventLog;

/** Longer than any test: what is sent was asked for, or brought about by what the test is about. */
const NEVER = '9999999';

describeInBrowser('The client in Chromium, against the sample application', () => {
  let site: SampleSite;
  let browser: Browser | undefined;
  let context: BrowserContext;

  beforeAll(buildClientScript);

  async function setUp(preferences?: object, cors?: ConstructorParameters<typeof SampleSite>[0]) {
    site = new SampleSite(cors);
    await site.start();
    browser = await openBrowser(preferences);
    context = browser.context;
  }

  afterEach(async () => {
    await browser?.close();
    await site?.remove();
  });

  /** A page with nothing but the client, which sends when it is asked to. */
  const blank = (attributes = '') =>
    '<!doctype html><title>Blank</title>' +
    `<script src="${site.url}/event/log.js" data-flush-interval="${NEVER}" ${attributes}></script>`;

  /** Such a page of the site, which is there even when the site is away. */
  async function openPage(attributes?: string): Promise<Page> {
    const page = await context.newPage();
    const headers = {
      'content-security-policy': "default-src 'none'; script-src 'self'; connect-src 'self'",
    };
    await page.route(`${site.url}/blank`, (route) =>
      route.fulfill({ contentType: 'text/html', headers, body: blank(attributes) }),
    );
    await page.goto(`${site.url}/blank`);
    return page;
  }

  const cheer = (page: Page, ...notes: string[]) =>
    page.evaluate((all) => {
      for (const note of all) eventLog.log('site.Cheer', { kind: 'clap', note });
    }, notes);
  const flush = (page: Page) => page.evaluate(() => eventLog.flush());
  /** Notes, where it outlives the page, what the browser says to each beacon. */
  const noteBeacons = () =>
    context.addInitScript(`
      const send = navigator.sendBeacon.bind(navigator);
      navigator.sendBeacon = (...beacon) => {
        const taken = send(...beacon);
        sessionStorage.beacons = (sessionStorage.beacons ?? '') + taken + ' ';
        return taken;
      };`);
  const beacons = async (page: Page) =>
    (await page.evaluate<string>('sessionStorage.beacons')).trim().split(' ');
  const stored = (page: Page) => page.evaluate<number>('localStorage.length');
  /** Exactly these arrived, each once, and the page keeps none of them back. */
  const expectCounted = async (page: Page, notes: string[]) => {
    await flush(page);
    expect(await site.notes()).toEqual(notes);
    expect(await stored(page)).toBe(0);
  };

  it('logs a page view and a button press under a strict policy, and shows them handled, each once', async () => {
    await setUp();
    const page = await context.newPage();
    const complaints: string[] = [];
    page.on('console', (message) => complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(error.message));
    await page.goto(site.url);
    const handled = page.getByRole('log', { name: 'As it happens' });
    // Shown once the page watches.
    await page.locator('[data-total="site.PageView"]', { hasText: /^1$/ }).waitFor();
    await page.getByRole('button', { name: 'Send love' }).click();
    const cheers = handled.getByRole('listitem').filter({ hasText: 'site.Cheer' });
    await cheers.filter({ hasText: 'handled by site.Cheer.passOn' }).waitFor();
    await cheers.filter({ hasText: 'handled by Tallies.count' }).waitFor();
    await page.locator('[data-total="site.Cheer"]', { hasText: /^1$/ }).waitFor();
    expect(complaints).toEqual([]);
  });

  it('keeps what is logged while the server is away, through a reload', async () => {
    await setUp();
    const page = await openPage();
    await cheer(page, 'before');
    await flush(page);
    await site.goAway();
    await cheer(page, 'away 1', 'away 2');
    await flush(page);
    expect(await stored(page)).toBe(2);
    await page.reload();
    await site.start();
    await page.reload();
    await expectCounted(page, ['before', 'away 1', 'away 2']);
  });

  it('sends by itself when the network is back', async () => {
    await setUp();
    const page = await openPage();
    await context.setOffline(true);
    await cheer(page, 'offline');
    await flush(page);
    expect(await site.notes()).toEqual([]);
    await context.setOffline(false);
    await site.recorded('offline');
    await expectCounted(page, ['offline']);
  });

  it('sends a beacon when the page is left, and the next page counts nothing again', async () => {
    await setUp();
    await noteBeacons();
    const page = await openPage();
    await cheer(page, 'left');
    await page.goto('about:blank');
    await site.recorded('left');

    await page.goto(`${site.url}/blank`);
    expect(await beacons(page)).toEqual(['true']);
    await expectCounted(page, ['left']);
  });

  it('sends by beacon what the browser takes on, and the rest with the next page', async () => {
    await setUp();
    await noteBeacons();
    const page = await openPage();
    const notes = Array.from({ length: 700 }, (_, i) => `${i} ${'é'.repeat(30)}`);
    await cheer(page, ...notes);
    await page.goto('about:blank');
    await site.recorded(notes[0]!);
    await page.goto(`${site.url}/blank`);
    expect(new Set(await beacons(page))).toEqual(new Set(['true', 'false']));
    await flush(page);
    expect((await site.notes()).sort()).toEqual([...notes].sort());
    expect(await stored(page)).toBe(0);
  });

  it('loses nothing of two tabs that share a storage, one of which is closed while the server is away', async () => {
    await setUp();
    const [one, two] = [await openPage(), await openPage()];
    await cheer(one, 'one 1');
    await cheer(two, 'two 1');
    await flush(one);
    await site.goAway();
    await cheer(one, 'one 2');
    await cheer(two, 'two 2');
    await flush(one);
    await one.close();
    await flush(two);
    await site.start();
    const three = await openPage();
    await Promise.all([flush(two), flush(three)]);
    expect((await site.notes()).sort()).toEqual(['one 1', 'one 2', 'two 1', 'two 2']);
    expect(await stored(three)).toBe(0);
  });

  it('does without a storage where the user blocks it', async () => {
    await setUp({ profile: { default_content_setting_values: { cookies: 2 } } });
    const page = await openPage();
    await expect(page.evaluate('localStorage.length')).rejects.toThrow('Access is denied');
    await cheer(page, 'sent');
    await flush(page);
    await cheer(page, 'left');
    await page.goto('about:blank');
    await site.recorded('left');
    expect(await site.notes()).toEqual(['sent', 'left']);
  });

  it('honours Do Not Track where it is told to', async () => {
    await setUp({ enable_do_not_track: true });
    const silent = await openPage('data-respect-do-not-track');
    expect(await silent.evaluate('navigator.doNotTrack')).toBe('1');
    await cheer(silent, 'not to be tracked');
    await flush(silent);
    await silent.goto('about:blank');
    const other = await openPage();
    await cheer(other, 'not asked');
    await flush(other);
    expect(await site.notes()).toEqual(['not asked']);
  });

  describe('from a page of another origin', () => {
    const elsewhere = createServer((_, response) => {
      response.setHeader('content-type', 'text/html').end(blank());
    });
    let origin: string;

    beforeAll(async () => {
      await new Promise<void>((resolve) => elsewhere.listen(0, resolve));
      origin = `http://localhost:${(elsewhere.address() as AddressInfo).port}`;
    });
    afterAll(() => elsewhere.closeAllConnections());
    afterAll(() => void elsewhere.close());

    async function openPageThere(): Promise<Page> {
      const page = await context.newPage();
      await page.goto(origin);
      return page;
    }

    it('sends where the origin is allowed, also when the page is left', async () => {
      await setUp({}, { origins: [origin] });
      const page = await openPageThere();
      await cheer(page, 'sent');
      await flush(page);
      await cheer(page, 'left');
      await page.goto('about:blank');
      await site.recorded('left');
      expect(await site.notes()).toEqual(['sent', 'left']);
    });

    it('keeps what it may not send', async () => {
      await setUp();
      const page = await openPageThere();
      await cheer(page, 'refused');
      await flush(page);
      expect(await site.notes()).toEqual([]);
      expect(await stored(page)).toBe(1);
    });
  });

  it('drops what the server refuses, tells of it, and sends the rest', async () => {
    await setUp();
    const page = await openPage();
    const warnings: string[] = [];
    page.on('console', (message) => message.type() === 'warning' && warnings.push(message.text()));
    await page.evaluate(() => {
      const cheers: object[] = [{ kind: 'boo' }, { kind: 'run', note: 'good' }];
      for (const data of cheers) eventLog.log('site.Cheer', data);
      eventLog.log('intern.Secret');
    });
    await expectCounted(page, ['good']);
    expect(warnings).toHaveLength(2);
    expect(warnings[0]).toContain('refused an event (400)');
  });
});
