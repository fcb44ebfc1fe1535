import { TypeOrmModule } from '@nestjs/typeorm';
import { EventLog, EventSourcingModule, getEventLogToken } from 'nestjs-once';
import type { BrowserEventLog } from 'nestjs-once/client';
import type { Page } from 'playwright-core';
import { type Browser, describeInBrowser, openBrowser } from '../support/browser.js';
import { describeAnyDatabase } from '../support/databases.js';
import { DocumentedFilter, Enveloping, Refusing } from '../support/hostile-application.js';
import { HostileProxy } from '../support/hostile-proxy.js';
import { ADAPTERS, type HttpApplication, startHttpApplication } from '../support/http-application.js';
import { buildClientScript } from '../support/sample-site.js';
import { SHOP_EVENTS } from '../support/shop-events.js';

declare const eventLog: BrowserEventLog;
declare const secondLog: BrowserEventLog;

/** Events of a tab in each of its bursts. */
const BURST = 6;
/** How long to go on; a few bursts otherwise. */
const SECONDS = Number(process.env.ONCE_HOSTILE_SECONDS ?? 0);
const BURSTS = 3;
/** Events that may wait while more are logged. */
const BACKLOG = 500;

describeInBrowser('Pages whose surroundings are against them', () => {
  describeAnyDatabase('and an application that has all that changes answers', (db) => {
    let application: HttpApplication;
    const proxies: HostileProxy[] = [];
    const browsers: Browser[] = [];

    beforeAll(buildClientScript);
    afterEach(async () => {
      await Promise.all(browsers.splice(0).map((browser) => browser.close()));
      await Promise.all(proxies.splice(0).map((proxy) => proxy.close()));
      await application.close();
    });

    const proxy = async (pages: Record<string, string>) => {
      const started = await new HostileProxy(application.port, pages).start();
      proxies.push(started);
      return started;
    };

    /** Two doors, and around them a filter, an interceptor, a guard and CORS for somebody else. */
    async function startApplication(adapter: (typeof ADAPTERS)[number], origins: string[]): Promise<void> {
      const http = { allow: ['shop.*'], rateLimit: false as const, cors: { origins } };
      const second = { ...(await db.options()), name: 'second' };
      application = await startHttpApplication({
        adapter,
        database: await db.options(),
        options: {},
        modules: [
          EventSourcingModule.forRoot({ dispatch: 'none', events: SHOP_EVENTS, http }),
          TypeOrmModule.forRoot({ ...second, autoLoadEntities: true }),
          EventSourcingModule.forRoot({
            dataSource: 'second',
            dispatch: 'none',
            events: SHOP_EVENTS,
            http: { ...http, path: 'second/log' },
          }),
        ],
        configure: (app) => {
          app.enableCors({ origin: 'https://admin.example', credentials: true });
          app.useGlobalFilters(new DocumentedFilter());
          app.useGlobalInterceptors(new Enveloping());
          app.useGlobalGuards(new Refusing(5));
        },
      });
    }

    const tags = (door = '') =>
      ['event/log.js"', 'second/log.js" data-name="secondLog"']
        .map((rest) => `<script src="${door}/${rest} data-flush-interval="20" data-batch-size="5"></script>`)
        .join('');

    /** A tab, and how often something was dropped there. */
    async function openTab(browser: Browser, url: string, drops: string[]): Promise<Page> {
      const tab = await browser.context.newPage();
      tab.on('console', (message) => message.type() === 'warning' && drops.push(message.text()));
      await tab.goto(`${url}/page`);
      return tab;
    }

    async function openTabs(drops: string[], elsewhere: HostileProxy, here: HostileProxy): Promise<Page[]> {
      const blocked = { profile: { default_content_setting_values: { cookies: 2 } } };
      const [open, closed] = [await openBrowser(), await openBrowser(blocked)];
      browsers.push(open, closed);
      const places = [here, here, here, elsewhere].map(({ url }) => openTab(open, url, drops));
      return Promise.all([...places, openTab(closed, here.url, drops)]);
    }

    const burst = (tab: Page, prefix: string) =>
      tab.evaluate(
        ([start, count]) => {
          for (let i = 0; i < Number(count); i++) {
            eventLog.log('shop.Anything', { id: `${start} first ${i}` });
            secondLog.log('shop.Anything', { id: `${start} second ${i}` });
          }
        },
        [prefix, String(BURST)],
      );
    const ids = (prefix: string, log: string) =>
      Array.from({ length: BURST }, (_, i) => `${prefix} ${log} ${i}`);
    const flush = (tab: Page) => tab.evaluate(() => Promise.all([eventLog.flush(), secondLog.flush()]));

    async function recorded(token: unknown): Promise<string[]> {
      const found: string[] = [];
      for await (const { data } of application.app.get<EventLog>(token as never).read())
        found.push((data as { id: string }).id);
      return found;
    }

    it.each(ADAPTERS)('deliver every event exactly once, on %s', async (adapter) => {
      // A page of another origin has to be known before the application, whose port its proxy has to know.
      const origins = ['http://localhost:*'];
      await startApplication(adapter, origins);
      const here = await proxy({ '/page': `<!doctype html>${tags()}` });
      const elsewhere = await proxy({ '/page': `<!doctype html>${tags(here.url)}` });
      const drops: string[] = [];
      const tabs = await openTabs(drops, elsewhere, here);
      const prefixes: string[] = [];
      const left = async () => {
        const logs = await Promise.all([recorded(EventLog), recorded(getEventLogToken('second'))]);
        return 2 * prefixes.length * BURST - logs.flat().length;
      };
      const end = Date.now() + SECONDS * 1000;
      for (let round = 0; round < BURSTS || Date.now() < end; round++) {
        for (const [at, tab] of tabs.entries()) {
          prefixes.push(`${at}.${round}`);
          await burst(tab, `${at}.${round}`);
        }
        await flush(tabs[round % tabs.length]!);
        // A queue holds only so many: what is logged is no faster than what is sent.
        while ((await left()) > BACKLOG) await Promise.all(tabs.map(flush));
        if (round === 1) await tabs[0]!.reload();
      }
      await tabs[1]!.close();
      tabs.splice(1, 1);
      // Another tab takes over what that one has left behind.
      await tabs[0]!.reload();
      const expected = (log: string) => prefixes.flatMap((prefix) => ids(prefix, log)).sort();
      while ((await left()) > 0) await Promise.all(tabs.map(flush));
      expect((await recorded(EventLog)).sort()).toEqual(expected('first'));
      expect((await recorded(getEventLogToken('second'))).sort()).toEqual(expected('second'));
      expect(drops).toEqual([]);
      // What was recorded without a word is asked once more, and then nothing is kept.
      const kept = () => tabs[0]!.evaluate<number>('localStorage.length');
      while ((await kept()) > 0) await Promise.all(tabs.map(flush));
      expect(await left()).toBe(0);
      expect(here.posts).toBeGreaterThan(20);
    });
  });
});
