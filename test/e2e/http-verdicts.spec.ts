import { type ArgumentsHost, Catch, type ExceptionFilter, type INestApplication } from '@nestjs/common';
import { IsString } from 'class-validator';
import { EventType, type HttpOptions } from 'nestjs-once';
import { describeAnyDatabase } from '../support/databases.js';
import {
  ADAPTERS,
  type HttpApplication,
  type HttpSetup,
  send,
  startHttpApplication,
} from '../support/http-application.js';
import { DocumentedFilter, Enveloping, Refusing } from '../support/hostile-application.js';
import { RecordingLogger } from '../support/recording-logger.js';
import { SHOP_EVENTS } from '../support/shop-events.js';

/** Answers past Fastify's reply. */
@Catch()
class RawFilter implements ExceptionFilter {
  catch(_: unknown, host: ArgumentsHost): void {
    const response = host.switchToHttp().getResponse();
    (response.raw ?? response).writeHead(500, { 'content-type': 'text/plain' }).end('Oops.');
  }
}

class RefusingAll extends Refusing {
  constructor() {
    super();
  }
}

/** Asks a service that may be away. */
@EventType('shop.Asking')
class Asking {
  static answer: () => Promise<void> = async () => undefined;

  @IsString()
  note!: string;

  async validate(): Promise<void> {
    await Asking.answer();
  }
}

const refused = () => Promise.reject(Object.assign(new Error('connect'), { code: 'ECONNREFUSED' }));
const good = { __event__: 'shop.Anything' };
const unknown = { __event__: 'shop.None' };

describeAnyDatabase('the verdict of the log', (db) => {
  describe.each(ADAPTERS)('on %s', (adapter) => {
    let application: HttpApplication | undefined;
    const logger = new RecordingLogger();
    const start = async (http: Partial<HttpOptions> = {}, setup: Partial<HttpSetup> = {}) => {
      application = await startHttpApplication({
        adapter,
        database: await db.options(),
        options: {
          events: [...SHOP_EVENTS, Asking],
          http: { allow: ['shop.*'], rateLimit: false, ...http },
        },
        create: { logger },
        ...setup,
      });
      return application;
    };
    const verdict = async (body: unknown, headers: Record<string, string> = {}) => {
      const answer = await send(`${application!.url}/event/log`, body, headers);
      return `${answer.status} ${answer.headers.get('event-log-verdict')}`;
    };
    beforeEach(() => void (logger.lines.length = 0));
    afterEach(() => application?.close());

    it('says what became of the events of a request, and nothing where they were not judged', async () => {
      await start({ bodyLimit: 2000, maxEvents: 4, rateLimit: { limit: 11 } });
      expect(await verdict([good, good])).toBe('202 recorded');
      expect(await verdict(good)).toBe('202 recorded');
      expect(await verdict([good, unknown, good, { __event__: 'x' }])).toBe('404 refused 1 3');
      expect(await verdict('[{"a":1},{"a":1,"a":2}]', { 'content-type': 'application/json' })).toBe(
        '400 refused 1',
      );
      expect(await verdict(Array(5).fill(good))).toBe('413 smaller');
      expect(await verdict({ ...good, text: 'x'.repeat(2000) })).toBe('413 smaller');
      expect(await verdict('{', { 'content-type': 'application/json' })).toBe('400 null');
      expect(await verdict('x', { 'content-type': 'text/plain' })).toBe('415 null');
      expect(await verdict(good, { origin: 'https://evil.example' })).toBe('403 null');
      expect(await verdict([good, { ...good, __key__: 'k' }])).toBe('202 recorded');
      expect(await verdict([good, { ...good, __key__: 'k', x: 1 }])).toBe('409 refused 1');
      expect(await verdict(good)).toBe('202 recorded');
      expect(await verdict(good)).toBe('429 null');
    });

    it('names no more events than a proxy takes in a header', async () => {
      await start({ maxEvents: 1000 });
      const names = await verdict(Array(1000).fill(unknown));
      expect(names.length).toBeLessThan(500);
      expect(names.split(' ')).toHaveLength(102);
    });

    it('survives a filter that writes a body of its own, and one that answers past the platform', async () => {
      await start({}, { configure: (app) => app.useGlobalFilters(new DocumentedFilter()) });
      expect(await verdict([unknown, good])).toBe('404 refused 0');
      expect(await verdict('x'.repeat(110_000), { 'content-type': 'application/json' })).toBe('413 smaller');
      await application!.close();
      await start({}, { configure: (app) => app.useGlobalFilters(new RawFilter()) });
      expect(await verdict([unknown, good])).toBe('500 refused 0');
    });

    it('survives an interceptor that sets a status and wraps the body', async () => {
      await start({}, { configure: (app) => app.useGlobalInterceptors(new Enveloping()) });
      expect(await verdict([good])).toBe('200 recorded');
    });

    it('is not said by guards, whatever they answer', async () => {
      await start({ guards: [RefusingAll] });
      expect(await verdict([good])).toBe('400 null');
      await application!.close();
      await start({}, { configure: (app: INestApplication) => app.useGlobalGuards(new Refusing()) });
      expect(await verdict([good])).toBe('400 null');
    });

    it('names the event whose class failed, which may be good: 503, and the operator is told', async () => {
      const { events } = await start();
      Asking.answer = refused;
      const asking = { __event__: 'shop.Asking', note: 'n' };
      expect(await verdict([good, asking])).toBe('503 later 1');
      const told = logger.of('error');
      expect(told).toEqual([expect.stringContaining('The class of event "shop.Asking" failed')]);
      expect(told[0]).toContain('http-verdicts.spec');
      expect(await verdict([asking, unknown])).toBe('404 refused 1');
      expect(await verdict([{ ...asking, note: 7 }])).toBe('400 refused 0');
      expect(await events()).toEqual([]);
      Asking.answer = async () => undefined;
      expect(await verdict([good, asking])).toBe('202 recorded');
    });

    it.each([['is too large to be stored', { maxBytes: 500 }, { text: 'x'.repeat(600) }, '413']])(
      'asks for less at once until the event that %s stands alone',
      async (_, payload, data, status) => {
        const events = SHOP_EVENTS;
        await start({}, { options: { events, payload, http: { allow: ['shop.*'], rateLimit: false } } });
        expect(await verdict([good, { ...good, ...data }])).toBe(`${status} smaller`);
        expect(await verdict([{ ...good, ...data }])).toBe(`${status} refused 0`);
      },
    );

    it('is none where a payload step fails, as with keys that are out of reach', async () => {
      const broken = {
        name: 'encrypted',
        dump: () => {
          throw new Error('no key server');
        },
        load: (bytes: Uint8Array) => bytes,
      };
      const options = { events: SHOP_EVENTS, payload: { steps: [broken] } };
      await start({}, { options: { ...options, http: { allow: ['shop.*'], rateLimit: false } } });
      expect(await verdict([good])).toBe('503 null');
      expect(logger.of('error')).toHaveLength(1);
    });
  });
});
