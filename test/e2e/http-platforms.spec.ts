import { createRequire } from 'node:module';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { INestApplication } from '@nestjs/common';
import { Transform } from 'class-transformer';
import { IsBoolean, IsInt, IsOptional } from 'class-validator';
import { EventType, type HttpOptions } from 'nestjs-once';
import { describeAnyDatabase } from '../support/databases.js';
import {
  ADAPTERS,
  type HttpApplication,
  type HttpSetup,
  send,
  startHttpApplication,
} from '../support/http-application.js';
import { RecordingLogger } from '../support/recording-logger.js';
import { SHOP_EVENTS } from '../support/shop-events.js';

type Middleware = (request: IncomingMessage, response: ServerResponse, next: () => void) => void;
const express = createRequire(import.meta.url)('express') as Record<
  'json' | 'urlencoded' | 'text' | 'raw',
  (options?: object) => Middleware
>;

@EventType('shop.Answered')
class Answered {
  @IsBoolean()
  @Transform(({ value }) => ({ true: true, false: false })[String(value)] ?? (value as unknown))
  isGift!: boolean;

  @IsOptional()
  @IsInt()
  @Transform(({ value }) => (value === '' ? undefined : Number(value)))
  position?: number;
}

const EVENT = { __event__: 'shop.Anything', x: 1 };
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

describeAnyDatabase('the door and what was set around it', (db) => {
  let application: HttpApplication | undefined;
  const logger = new RecordingLogger();
  const starting =
    (adapter: HttpSetup['adapter']) =>
    async (http: Partial<HttpOptions> = {}, setup: Partial<HttpSetup> = {}) => {
      application = await startHttpApplication({
        adapter,
        database: await db.options(),
        options: {
          events: [...SHOP_EVENTS, Answered],
          http: { allow: ['shop.*'], rateLimit: false, client: false, ...http },
        },
        create: { logger },
        ...setup,
      });
      return application;
    };
  beforeEach(() => void (logger.lines.length = 0));
  afterEach(() => application?.close());

  describe.each(ADAPTERS)('on %s', (adapter) => {
    const start = starting(adapter);

    describe.each([
      ['one other origin', { origin: 'https://admin.example' }],
      ['every origin, with cookies', { origin: true, credentials: true }],
      ['every origin', undefined],
    ])('answers the pages that it allows itself, though enableCors() lets in %s', (_, policy) => {
      const origin = 'https://shop.example';
      const cors = { origins: [origin] };
      const answers = async (url: string, from: string) => {
        const asked = await send(`${url}/event/log`, undefined, {
          method: 'OPTIONS',
          origin: from,
          'access-control-request-method': 'POST',
          'access-control-request-headers': 'content-type',
        });
        return [asked, await send(`${url}/event/log`, EVENT, { origin: from })];
      };
      const expectOwn = async (url: string) => {
        for (const { status, headers } of await answers(url, origin)) {
          expect(status).toBeLessThan(300);
          expect(headers.get('access-control-allow-origin')).toBe(origin);
          expect(headers.get('access-control-expose-headers')).toBe('Retry-After, Event-Log-Verdict');
          expect(headers.get('access-control-allow-credentials')).toBeNull();
        }
        for (const { status, headers } of await answers(url, 'https://admin.example')) {
          expect(status).toBe(403);
          expect(headers.get('access-control-allow-origin')).toBeNull();
        }
      };

      it('called on the application', async () => {
        const configure = (app: INestApplication) => app.enableCors(policy);
        await expectOwn((await start({ cors }, { configure })).url);
      });

      it('given at its creation', async () => {
        await expectOwn((await start({ cors }, { create: { logger, cors: policy ?? true } })).url);
      });
    });

    describe('behind a proxy', () => {
      const visitor = (url: string, ip: string) =>
        send(`${url}/event/log`, EVENT, { 'x-forwarded-for': ip }).then(({ status }) => status);

      it("counts visitors by the platform's own trust", async () => {
        const rateLimit = { limit: 1, window: '1h' };
        const trust = (app: INestApplication) => app.getHttpAdapter().getInstance().set('trust proxy', 1);
        const setup: Partial<HttpSetup> =
          adapter === 'express' ? { configure: trust } : { platform: { trustProxy: true } };
        const { url, events } = await start({ rateLimit, metadata: { ip: true } }, setup);
        expect(await visitor(url, '203.0.113.1')).toBe(202);
        expect(await visitor(url, '203.0.113.2')).toBe(202);
        expect(await visitor(url, '203.0.113.1')).toBe(429);
        expect((await events()).map(({ metadata }) => metadata.ip)).toEqual(['203.0.113.1', '203.0.113.2']);
        expect(logger.of('warn')).toEqual([]);
      });

      it('that nobody trusts, tells the operator once', async () => {
        const { url } = await start({ rateLimit: { limit: 1, window: '1h' } });
        expect(await visitor(url, '203.0.113.1')).toBe(202);
        expect(await visitor(url, '203.0.113.2')).toBe(429);
        expect(logger.of('warn')).toEqual([expect.stringContaining('Set http.trustedProxies')]);
      });
    });

    it('stores of a sender what it is asked to', async () => {
      const { url, events } = await start({
        metadata: { ip: 'truncated', userAgent: true },
        trustedProxies: 1,
      });
      await send(`${url}/event/log`, EVENT, { 'user-agent': 'curl', 'x-forwarded-for': '203.0.113.9' });
      const [event] = await events();
      expect(event!.metadata).toMatchObject({ ip: '203.0.113.0', userAgent: 'curl' });
    });

    it('takes a form of a page that keeps its origin to itself, by the word of the browser', async () => {
      const { url } = await start();
      const post = async (site: string) =>
        (
          await send(`${url}/event/log`, '__event__=shop.Anything', {
            ...FORM,
            origin: 'null',
            'sec-fetch-site': site,
          })
        ).status;
      expect(await post('same-origin')).toBe(202);
      expect(await post('cross-site')).toBe(403);
    });

    it('leaves parameters of the address to others', async () => {
      const { url, events } = await start();
      expect((await send(`${url}/event/log?tenant=a`, [EVENT])).status).toBe(202);
      expect(await events()).toMatchObject([{ data: { x: 1 } }]);
    });

    it('makes of a form what the guide says', async () => {
      const { url, events } = await start();
      const post = async (fields: string) =>
        (await send(`${url}/event/log`, `__event__=shop.Answered&${fields}`, FORM)).status;
      expect(await post('isGift=false&position=')).toBe(202);
      expect(await post('isGift=true&position=3')).toBe(202);
      expect(await post('isGift=yes&position=')).toBe(400);
      expect(await post('isGift=true&position=three')).toBe(400);
      expect((await events()).map(({ data }) => data)).toEqual([
        { isGift: false },
        { isGift: true, position: 3 },
      ]);
    });
  });

  describe('after a parser on the server itself', () => {
    const start = starting('express');
    const after = (...parsers: Middleware[]) =>
      start({}, { before: (adapter) => parsers.forEach((parser) => adapter.getInstance<any>().use(parser)) });
    const verify = (request: object, _: unknown, bytes: Buffer) => Object.assign(request, { rawBody: bytes });
    const json = JSON.stringify(EVENT);
    const JSON_TYPE = { 'content-type': 'application/json' };

    it.each<[string, Middleware, Record<string, string>, string]>([
      ['that keeps the bytes', express.json({ verify }), JSON_TYPE, json],
      ['of JSON', express.json(), JSON_TYPE, json],
      ['of forms', express.urlencoded({ extended: true }), FORM, '__event__=shop.Anything&x=1'],
      ['of text', express.text({ type: '*/*' }), JSON_TYPE, json],
      ['of bytes', express.raw({ type: '*/*' }), JSON_TYPE, json],
    ])('%s takes what that has left', async (_, parser, headers, body) => {
      const { url, events } = await after(parser);
      expect((await send(`${url}/event/log`, body, headers)).status).toBe(202);
      expect((await send(`${url}/event/log?__event__=shop.Anything&x=1`, '', headers)).status).toBe(202);
      expect(await events()).toHaveLength(2);
      expect((await events()).every(({ data }) => Number((data as { x: unknown }).x) === 1)).toBe(true);
    });

    it('checks it as what it reads itself', async () => {
      const { url } = await after(express.json({ limit: '1mb' }));
      const post = async (body: string) => (await send(`${url}/event/log`, body, JSON_TYPE)).body.code;
      expect(await post(JSON.stringify({ ...EVENT, x: 'x'.repeat(110_000) }))).toBe('BODY_TOO_LARGE');
      expect(await post('{"__event__":"shop.Anything","x":1e999}')).toBe('NUMBER_TOO_LARGE');
    });

    it('asks clients to come again where that is not enough, and tells the operator what to do', async () => {
      const { url, events } = await after(express.urlencoded({ extended: true }), (request, _, next) => {
        if (request.headers['content-type'] === 'application/json') request.on('end', next).resume();
        else next();
      });
      const nested = await send(`${url}/event/log`, '__event__=shop.Anything&a[b]=1', FORM);
      expect(nested).toMatchObject({ status: 503, body: { code: 'BODY_TAKEN', errors: [] } });
      expect((await send(`${url}/event/log`, EVENT)).status).toBe(503);
      expect(await events()).toEqual([]);
      expect(logger.of('error')).toEqual([expect.stringContaining('request.rawBody = bytes')]);
    });
  });

  it('takes the bytes that a platform has read before Fastify', async () => {
    const start = starting('fastify');
    const serverFactory = (handler: (request: IncomingMessage, response: ServerResponse) => void) =>
      createServer((request, response) => {
        const chunks: Buffer[] = [];
        request
          .on('data', (chunk: Buffer) => chunks.push(chunk))
          .on('end', () => {
            handler(Object.assign(request, { rawBody: Buffer.concat(chunks) }), response);
          });
      });
    const { url, events } = await start({}, { platform: { serverFactory } });
    expect((await send(`${url}/event/log`, [EVENT, EVENT])).status).toBe(202);
    expect(await events()).toHaveLength(2);
  });
});
