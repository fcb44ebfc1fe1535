import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { BrowserEventLog } from 'nestjs-once/client';
import type { Page } from 'playwright-core';
import { type Browser, describeInBrowser, openBrowser } from '../support/browser.js';
import { describeAnyDatabase } from '../support/databases.js';
import { DocumentedFilter, Enveloping, Refusing } from '../support/hostile-application.js';
import { type HttpApplication, type HttpSetup, startHttpApplication } from '../support/http-application.js';
import { buildClientScript } from '../support/sample-site.js';
import { SHOP_EVENTS } from '../support/shop-events.js';

declare const eventLog: BrowserEventLog;
declare const otherLog: BrowserEventLog;

/** Longer than any test. */
const NEVER = '9999999';

describeInBrowser('A page in Chromium', () => {
  describeAnyDatabase('and what is around it', (db) => {
    let application: HttpApplication;
    let browser: Browser;
    const warnings: string[] = [];

    beforeAll(buildClientScript);
    beforeAll(async () => void (browser = await openBrowser()));
    afterAll(() => browser.close());
    beforeEach(() => void (warnings.length = 0));
    afterEach(async () => {
      await Promise.all(browser.context.pages().map((page) => page.close()));
      // The browser keeps them for the next page.
      application.app.getHttpServer().closeAllConnections();
      await application.close();
    });

    const start = async (setup: Partial<HttpSetup> = {}, origins: string[] = []) => {
      application = await startHttpApplication({
        adapter: 'express',
        database: await db.options(),
        options: {
          events: SHOP_EVENTS,
          http: { allow: ['shop.*'], rateLimit: false, cors: { origins } },
        },
        ...setup,
      });
    };
    const tag = (attributes = '', path = '/event/log.js') =>
      `<script src="${path}" data-flush-interval="${NEVER}" ${attributes}></script>`;

    /** A page of the application with this in it. */
    async function open(html: string, headers: Record<string, string> = {}): Promise<Page> {
      const page = await browser.context.newPage();
      page.on('console', (message) => message.type() === 'warning' && warnings.push(message.text()));
      await page.route(`${application.url}/page`, (route) =>
        route.fulfill({ contentType: 'text/html', headers, body: `<!doctype html>${html}` }),
      );
      await page.goto(`${application.url}/page`);
      return page;
    }

    const log = (page: Page, count: number, name = 'shop.Anything') =>
      page.evaluate(
        ([event, many]) => {
          for (let i = 0; i < Number(many); i++) eventLog.log(event!, { i });
        },
        [name, String(count)],
      );
    const flush = (page: Page) => page.evaluate(() => eventLog.flush());
    const data = async () => (await application.events()).map((event) => event.data);
    const expectKept = async (page: Page, count: number) =>
      expect(await page.evaluate<number>('localStorage.length')).toBe(count);

    describe.each([
      ['400', { status: 400, contentType: 'text/html', body: '<h1>400 Bad Request</h1>' }],
      ['413', { status: 413, contentType: 'text/html', body: '<h1>413 Too Large</h1>' }],
      ['404 of an API', { status: 404, json: { errors: [{ index: 0, code: 'X', message: 'Y' }] } }],
      ['202', { status: 202, body: '' }],
    ])('behind a proxy that answers everything with %s', (_, answer) => {
      it('drops nothing, and records all when it is gone', async () => {
        await start();
        const page = await open(tag());
        await page.route('**/event/log', (route) => route.fulfill(answer));
        await log(page, 8);
        for (let i = 0; i < 4; i++) await flush(page);
        await expectKept(page, 8);
        await page.unroute('**/event/log');
        await flush(page);
        await expectKept(page, 0);
        expect(await data()).toHaveLength(8);
        expect(warnings).toEqual([]);
      });
    });

    it('whose application has a guard that finds fault, drops nothing', async () => {
      const guard = { canActivate: (context: never) => isOpen || new Refusing().canActivate(context) };
      let isOpen = false;
      await start({ configure: (app) => app.useGlobalGuards(guard) });
      const page = await open(tag());
      await log(page, 8);
      for (let i = 0; i < 4; i++) await flush(page);
      await expectKept(page, 8);
      isOpen = true;
      await flush(page);
      expect(await data()).toHaveLength(8);
    });

    it('whose application writes bodies of its own, drops what is refused alone', async () => {
      await start({ configure: (app) => app.useGlobalFilters(new DocumentedFilter()) });
      const page = await open(tag());
      await log(page, 1, 'shop.Gone');
      await log(page, 3);
      await page.evaluate(() => eventLog.log('shop.Anything', { i: 9 }, { key: 'taken' }));
      await flush(page);
      await page.evaluate(() => eventLog.log('shop.Anything', { i: 10 }, { key: 'taken' }));
      await log(page, 1);
      await flush(page);
      expect(await data()).toHaveLength(5);
      await expectKept(page, 0);
      expect(warnings).toEqual([
        expect.stringContaining('refused an event (404)'),
        expect.stringContaining('refused an event (409)'),
      ]);
    });

    it('whose application makes 200 of everything, sends once', async () => {
      await start({ configure: (app) => app.useGlobalInterceptors(new Enveloping()) });
      const page = await open(tag());
      let posts = 0;
      page.on('request', (request) => (posts += request.method() === 'POST' ? 1 : 0));
      await log(page, 3);
      await flush(page);
      await flush(page);
      await expectKept(page, 0);
      expect(posts).toBe(1);
    });

    describe('of another origin', () => {
      let elsewhere: Server;
      afterEach(() => void elsewhere.close());

      it.each<[string, HttpSetup['adapter']]>([
        ['express', 'express'],
        ['fastify', 'fastify'],
      ])('reads the answers of the door, whatever enableCors() says, on %s', async (_, adapter) => {
        elsewhere = createServer((_request, response) => {
          const script = tag('', `${application.url}/event/log.js`);
          response.setHeader('content-type', 'text/html').end(`<!doctype html>${script}`);
        });
        await new Promise<void>((resolve) => elsewhere.listen(0, resolve));
        const origin = `http://localhost:${(elsewhere.address() as AddressInfo).port}`;
        const configure: HttpSetup['configure'] = (app) =>
          app.enableCors({ origin: 'https://admin.example', credentials: true });
        await start({ adapter, configure }, [origin]);
        const page = await browser.context.newPage();
        await page.goto(origin);
        await log(page, 1, 'shop.Gone');
        await log(page, 2);
        await flush(page);
        await expectKept(page, 0);
        expect(await data()).toHaveLength(2);
      });
    });

    describe('takes its name', () => {
      it('where an element has that id', async () => {
        await start();
        const page = await open(`<table id="eventLog"></table>${tag()}`);
        await log(page, 1);
        await flush(page);
        expect(await data()).toHaveLength(1);
      });

      it('for each door where there are two', async () => {
        await start();
        await browser.context.route('**/other/log.js', (route) =>
          route.fulfill({ path: 'dist/client/log.js' }),
        );
        const page = await open(`${tag()}${tag('data-name="otherLog"', '/other/log.js')}${tag()}`);
        const posted = page.waitForRequest('**/other/log');
        await log(page, 1);
        await page.evaluate(() => {
          otherLog.log('shop.Other');
          return Promise.all([eventLog.flush(), otherLog.flush()]);
        });
        expect((await posted).postData()).toContain('shop.Other');
        expect(await data()).toHaveLength(1);
        expect(warnings).toEqual([]);
      });

      it.each([
        ['something of the page', '<script>var eventLog = { mine: true };</script>'],
        ['a constant of the page', '<script>const eventLog = { mine: true };</script>'],
      ])('or says that %s has it', async (_, before) => {
        await start();
        const page = await open(before + tag());
        expect(await page.evaluate('eventLog.mine')).toBe(true);
        expect(warnings).toEqual([expect.stringContaining('eventLog is taken')]);
      });
    });

    it.each([
      ['as a module', '<script type="module" src="/event/log.js"></script>'],
      ['by import()', '<script type="module">await import("/event/log.js")</script>'],
      [
        'as text, as by $.getScript',
        `<script type="module">
          const text = await (await fetch('/event/log.js')).text();
          for (let i = 0; i < 2; i++) document.head.append(Object.assign(document.createElement('script'), { text }));
        </script>`,
      ],
    ])('that loads the script %s, is told once that nothing is recorded', async (_, html) => {
      await start();
      const page = await open(html);
      await page.waitForFunction('window.eventLog');
      let posts = 0;
      page.on('request', (request) => (posts += request.method() === 'POST' ? 1 : 0));
      await log(page, 2);
      await flush(page);
      expect(posts).toBe(0);
      expect(warnings).toEqual([expect.stringContaining('has no address')]);
    });

    it('logs what JSON cannot hold well, or hears of it at once', async () => {
      await start();
      const page = await open(tag());
      await page.evaluate(() => {
        (Array.prototype as { toJSON?: unknown }).toJSON = () => '[]';
        eventLog.log('shop.Anything', { text: '👍'.slice(0, 1), list: [1], at: new Date(0) });
        eventLog.log('shop.Anything', { toJSON: () => ({ own: true }) });
        const lost: Record<string, unknown> = { map: new Map(), form: new FormData(), error: new Error('e') };
        for (const [name, value] of Object.entries({ ...lost, page: globalThis }))
          eventLog.log('shop.Anything', { [name]: value });
      });
      expect(warnings).toHaveLength(4);
      await flush(page);
      expect(await data()).toEqual([
        { text: '\ufffd', list: [1], at: '1970-01-01T00:00:00.000Z' },
        { own: true },
      ]);
      await expectKept(page, 0);
    });

    it('under no-referrer posts a form', async () => {
      await start();
      const page = await open(
        '<form method="post" action="/event/log"><input name="__event__" value="shop.Anything"><button>Send</button></form>',
        { 'referrer-policy': 'no-referrer' },
      );
      const answered = page.waitForResponse('**/event/log');
      await page.getByRole('button').click();
      expect((await answered).status()).toBe(202);
      expect((await answered).request().headers().origin).toBe('null');
    });

    it('posts to an address with parameters', async () => {
      await start();
      const page = await open(tag('data-url="/event/log?tenant=a"'));
      await log(page, 2);
      await flush(page);
      expect(await data()).toHaveLength(2);
    });
  });
});
