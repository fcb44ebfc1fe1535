import {
  type ArgumentsHost,
  Body,
  type CanActivate,
  Catch,
  Controller,
  type ExceptionFilter,
  type ExecutionContext,
  HttpException,
  Injectable,
  Module,
  Post,
  type RawBodyRequest,
  Req,
  UnauthorizedException,
  VersioningType,
} from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { TypeOrmModule } from '@nestjs/typeorm';
import { EventSourcingModule, type HttpOptions, InvalidOptionError } from 'nestjs-once';
import { describeAnyDatabase } from '../support/databases.js';
import {
  ADAPTERS,
  type HttpApplication,
  type HttpSetup,
  send,
  startHttpApplication,
} from '../support/http-application.js';
import { SHOP_EVENTS } from '../support/shop-events.js';

@Injectable()
class Tokens {
  isGood(token: string | undefined): boolean {
    return token === 'Bearer good';
  }
}

@Module({ providers: [Tokens], exports: [Tokens] })
class TokensModule {}

@Injectable()
class TokenGuard implements CanActivate {
  constructor(private readonly tokens: Tokens) {}

  canActivate(context: ExecutionContext): boolean {
    const { headers } = context.switchToHttp().getRequest<{ headers: Record<string, string> }>();
    if (headers['content-type'] === undefined) throw new UnauthorizedException('no content type');
    return this.tokens.isGood(headers.authorization);
  }
}

@Controller()
class Echo {
  @Post('echo')
  echo(@Body() body: unknown, @Req() request: RawBodyRequest<object>): object {
    return { body, raw: request.rawBody?.toString() };
  }
}

@Catch(HttpException)
class Teapot implements ExceptionFilter {
  catch(exception: HttpException, host: ArgumentsHost): void {
    const response = host.switchToHttp().getResponse();
    const { code } = exception.getResponse() as { code: string };
    response
      .status(418)
      .header('x-code', code ?? 'none')
      .send({ filtered: true });
  }
}

const HTTP: HttpOptions = { allow: ['shop.*'], rateLimit: false };
const EVENT = { __event__: 'shop.Anything', x: 1 };

describeAnyDatabase('the door in an application', (db) => {
  describe.each(ADAPTERS)('on %s', (adapter) => {
    let application: HttpApplication | undefined;
    const start = async (setup: Partial<HttpSetup> = {}, http: Partial<HttpOptions> = {}) => {
      application = await startHttpApplication({
        adapter,
        database: await db.options(),
        options: { events: SHOP_EVENTS, http: { ...HTTP, ...http } },
        controllers: [Echo],
        ...setup,
      });
      return application;
    };
    afterEach(async () => {
      await application?.close();
      application = undefined;
    });

    it('is closed unless it is opened', async () => {
      const { url } = await start({ options: { events: SHOP_EVENTS } });
      expect((await send(`${url}/event/log`, EVENT)).status).toBe(404);
      expect((await send(`${url}/event/log.js`, undefined, { method: 'GET' })).status).toBe(404);
    });

    it('asks the guards, with what they depend on, and the headers as they came', async () => {
      const { url, events } = await start({}, { guards: [TokenGuard], imports: [TokensModule] });
      expect(await send(`${url}/event/log`, EVENT)).toMatchObject({ status: 403, body: { statusCode: 403 } });
      expect(await send(`${url}/event/log?__event__=shop.Anything`)).toMatchObject({ status: 401 });
      expect(await events()).toEqual([]);
      expect((await send(`${url}/event/log`, EVENT, { authorization: 'Bearer good' })).status).toBe(202);
    });

    it('stands behind the global prefix, with versions or without', async () => {
      const { url } = await start(
        {
          configure: (app) => {
            app.setGlobalPrefix('/api/v9/');
            app.enableVersioning({ type: VersioningType.URI, defaultVersion: '1' });
          },
        },
        { path: '/in' },
      );
      expect((await send(`${url}/api/v9/in`, EVENT)).status).toBe(202);
      expect(await send(`${url}/api/v9/in`, '{', { 'content-type': 'text/plain' })).toMatchObject({
        status: 415,
        body: { code: 'UNSUPPORTED_MEDIA_TYPE' },
      });
      expect((await send(`${url}/in`, EVENT)).status).toBe(404);
      expect((await send(`${url}/api/v9/v1/in`, EVENT)).status).toBe(404);
    });

    it('stands before it where it is left out', async () => {
      const { url } = await start({
        configure: (app) => app.setGlobalPrefix('api', { exclude: ['event/log'] }),
      });
      expect((await send(`${url}/event/log`, EVENT)).status).toBe(202);
      expect(await send(`${url}/event/log`, '{', { 'content-type': 'text/plain' })).toMatchObject({
        status: 415,
        body: { statusCode: 415, code: 'UNSUPPORTED_MEDIA_TYPE', errors: [] },
      });
    });

    it.each([VersioningType.HEADER, VersioningType.MEDIA_TYPE] as const)(
      'takes any version (%s)',
      async (type) => {
        const { url } = await start({
          configure: (app) => app.enableVersioning({ type, header: 'v', key: 'v=', defaultVersion: '1' }),
        });
        expect((await send(`${url}/event/log`, EVENT)).status).toBe(202);
      },
    );

    it.each([{}, { bodyParser: false }, { rawBody: true }])(
      'leaves the parsers to all other routes (%j)',
      async (create) => {
        const { url } = await start({ create });
        expect((await send(`${url}/event/log`, EVENT)).status).toBe(202);
        const { body } = await send(`${url}/echo`, { a: 1 });
        const parses = adapter === 'fastify' || create.bodyParser !== false;
        expect(body).toEqual({
          ...(parses ? { body: { a: 1 } } : {}),
          ...(create.rawBody ? { raw: '{"a":1}' } : {}),
        });
        const form = await send(`${url}/echo`, 'a=1', {
          'content-type': 'application/x-www-form-urlencoded',
        });
        if (create.bodyParser !== false) expect(form.body.body).toEqual({ a: '1' });
      },
    );

    it('is seen by filters, whatever refuses', async () => {
      const { url } = await start({ configure: (app) => app.useGlobalFilters(new Teapot()) });
      const code = async (body: unknown, headers?: Record<string, string>) =>
        (await send(`${url}/event/log`, body, headers)).headers.get('x-code');
      expect(await code({ __event__: 'shop.None' })).toBe('EVENT_NOT_FOUND');
      expect(await code('x', { 'content-type': 'text/plain' })).toBe('UNSUPPORTED_MEDIA_TYPE');
      expect(await code(EVENT, { origin: 'https://evil.example' })).toBe('ORIGIN_NOT_ALLOWED');
    });

    it('is made by a testing module too', async () => {
      const testing = await Test.createTestingModule({
        imports: [
          TypeOrmModule.forRoot({ ...(await db.options()), autoLoadEntities: true }),
          EventSourcingModule.forRoot({ dispatch: 'none', events: SHOP_EVENTS, http: HTTP }),
        ],
      }).compile();
      const app =
        adapter === 'fastify'
          ? testing.createNestApplication(new FastifyAdapter())
          : testing.createNestApplication();
      app.useLogger(false);
      await app.listen(0, '127.0.0.1');
      expect((await send(`${await app.getUrl()}/event/log`, EVENT)).status).toBe(202);
      expect(
        (await send(`${await app.getUrl()}/event/log`, 'x', { 'content-type': 'text/plain' })).status,
      ).toBe(415);
      await app.close();
    });

    describe('pages of other origins', () => {
      const cors = { origins: ['https://shop.example'], headers: ['Authorization'], credentials: true };
      const preflight = (url: string, origin: string) =>
        send(`${url}/event/log`, undefined, {
          method: 'OPTIONS',
          origin,
          'access-control-request-method': 'POST',
        });

      it('may post where they are allowed to', async () => {
        const { url } = await start({}, { cors, guards: [TokenGuard], imports: [TokensModule] });
        const asked = await preflight(url, 'https://shop.example');
        expect(asked.status).toBe(204);
        expect(asked.headers.get('access-control-allow-headers')).toBe(
          'Content-Type, Idempotency-Key, Authorization',
        );
        expect(asked.headers.get('access-control-allow-credentials')).toBe('true');
        const origin = 'https://shop.example';
        for (const authorization of ['Bearer good', 'Bearer bad']) {
          const answer = await send(`${url}/event/log`, EVENT, { origin, authorization });
          expect(answer.status).toBe(authorization === 'Bearer good' ? 202 : 403);
          expect(answer.headers.get('access-control-allow-origin')).toBe('https://shop.example');
          expect(answer.headers.get('vary')).toContain('Origin');
        }
      });

      it('may not otherwise', async () => {
        const { url, events, port } = await start({}, { cors });
        const asked = await preflight(url, 'https://evil.example');
        expect(asked).toMatchObject({ status: 403, body: { code: 'ORIGIN_NOT_ALLOWED' } });
        expect(asked.headers.get('access-control-allow-origin')).toBeNull();
        for (const origin of ['https://evil.example', 'null'])
          expect((await send(`${url}/event/log?__event__=shop.Anything`, undefined, { origin })).status).toBe(
            403,
          );
        expect(await events()).toEqual([]);
        expect((await send(`${url}/event/log`, EVENT, { origin: `http://127.0.0.1:${port}` })).status).toBe(
          202,
        );
      });
    });

    describe('the rate limit', () => {
      it('is for each client, as far as the proxies are trusted', async () => {
        const { url, events } = await start(
          {},
          { rateLimit: { limit: 2, window: '1h' }, trustedProxies: 1, metadata: { ip: true } },
        );
        const post = (client: string) =>
          send(`${url}/event/log`, EVENT, { 'x-forwarded-for': `198.51.100.1, ${client}` });
        const statuses = [];
        for (const client of ['203.0.113.1', '203.0.113.1', '203.0.113.1', '203.0.113.2'])
          statuses.push((await post(client)).status);
        expect(statuses).toEqual([202, 202, 429, 202]);
        const refused = await post('203.0.113.1');
        expect(refused).toMatchObject({ status: 429, body: { statusCode: 429, code: 'TOO_MANY_REQUESTS' } });
        expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(3500);
        expect((await events()).map(({ metadata }) => metadata.ip)).toEqual([
          '203.0.113.1',
          '203.0.113.1',
          '203.0.113.2',
        ]);
      });

      it('is counted before a body is read or a guard is asked, and on by default', async () => {
        const { url } = await start(
          {},
          { rateLimit: { limit: 1 }, guards: [TokenGuard], imports: [TokensModule] },
        );
        expect((await send(`${url}/event/log`, EVENT)).status).toBe(403);
        expect((await send(`${url}/event/log`, 'x', { 'content-type': 'text/plain' })).status).toBe(429);
      });

      it('may be counted by a limiter of the application', async () => {
        const clients: string[] = [];
        const consume = async (client: string) => void clients.push(client);
        const { url } = await start({}, { rateLimit: { consume } });
        await send(`${url}/event/log`, EVENT);
        expect(clients).toEqual(['127.0.0.1']);
      });
    });
  });

  describe('its options', () => {
    const start = async (...modules: NonNullable<HttpSetup['modules']>) => {
      const application = await startHttpApplication({
        adapter: 'express',
        database: await db.options(),
        options: {},
        modules,
      });
      return application;
    };

    it('may come from a factory, but for what has to be known at once', async () => {
      const application = await start(
        EventSourcingModule.forRootAsync({
          http: { path: 'in', guards: [TokenGuard], imports: [TokensModule] },
          useFactory: () => ({ dispatch: 'none', events: SHOP_EVENTS, http: HTTP }),
        }),
      );
      const answer = await send(`${application.url}/in`, EVENT, { authorization: 'Bearer good' });
      expect(answer.status).toBe(202);
      expect((await send(`${application.url}/in`, EVENT)).status).toBe(403);
      await application.close();
    });

    it.each([
      [{}, { http: HTTP }, /expected http to be announced beside the factory/],
      [{ http: {} }, { http: { ...HTTP, path: 'x' } }, /expected http.path to be given beside the factory/],
      [
        { http: {} },
        { http: { ...HTTP, guards: [] } },
        /expected http.guards to be given beside the factory/,
      ],
      [{ http: {} }, {}, /expected http.allow to be the names/],
    ])('tell what is missing or misplaced', async (beside, made, message) => {
      const module = EventSourcingModule.forRootAsync({
        ...beside,
        useFactory: () => made,
      });
      await expect(start(module)).rejects.toThrow(message);
    });

    it('are checked when the application starts', async () => {
      const module = EventSourcingModule.forRoot({ http: { allow: [] } });
      await expect(start(module)).rejects.toThrow(InvalidOptionError);
      expect(() => EventSourcingModule.forRoot({ http: { ...HTTP, path: '/:id' } })).toThrow(
        InvalidOptionError,
      );
    });
  });
});
