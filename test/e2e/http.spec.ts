import type { HttpOptions } from 'nestjs-once';
import { describeAnyDatabase } from '../support/databases.js';
import { ADAPTERS, type HttpApplication, send, startHttpApplication } from '../support/http-application.js';
import { sendRaw } from '../support/raw-http.js';
import { DEAL, SHOP_EVENTS } from '../support/shop-events.js';

describeAnyDatabase('events over HTTP', (db) => {
  describe.each(ADAPTERS)('%s', (adapter) => {
    let application: HttpApplication;
    let door: string;

    const start = async (http: Partial<HttpOptions> = {}) => {
      const database = await db.options();
      const options = {
        events: SHOP_EVENTS,
        http: { allow: ['shop.*'], rateLimit: false as const, ...http },
      };
      application = await startHttpApplication({ adapter, database, options });
      door = `${application.url}/event/log`;
    };
    afterEach(() => application.close());

    describe('a request', () => {
      beforeEach(() => start({ maxEvents: 5, bodyLimit: 2000 }));

      it('holds the event in its query', async () => {
        const answer = await send(`${door}?__event__=shop.DealClick&dealId=${DEAL}&position=3`);
        expect(answer).toMatchObject({ status: 202, body: { recorded: true } });
        const [event] = await application.events();
        expect(event).toMatchObject({ group: 'shop.DealClick', data: { dealId: DEAL, position: 3 } });
        expect(answer.body).toEqual({ key: event!.key, recorded: true });
        expect(event!.key).toMatch(/^http:shop\.DealClick:[0-9a-f-]{36}$/);
      });

      it('holds it in a form', async () => {
        const body = `__event__=shop.Anything&a=%C3%A4+b&__key__=17`;
        const form = { 'content-type': 'application/x-www-form-urlencoded' };
        expect(await send(door, body, form)).toMatchObject({
          status: 202,
          body: { key: 'http:shop.Anything:17', recorded: true },
        });
        expect(await application.events()).toMatchObject([{ data: { a: 'ä b' } }]);
      });

      it('holds it as JSON, with its name there or in the query', async () => {
        const data = { deep: [{ a: null }, 1.5, 'ü'] };
        await send(door, { __event__: 'shop.Anything', ...data });
        await send(`${door}?__event__=shop.Anything`, data);
        expect((await application.events()).map((event) => event.data)).toEqual([data, data]);
      });

      it('holds many, as an array or one on each line', async () => {
        const event = (n: number) => ({ __event__: 'shop.Anything', __key__: String(n), n });
        const expected = (from: number) => ({
          results: [from, from + 1].map((n) => ({ key: `http:shop.Anything:${n}`, recorded: true })),
        });
        expect(await send(door, [event(1), event(2)])).toMatchObject({ status: 202, body: expected(1) });
        const lines = `${JSON.stringify(event(3))}\n${JSON.stringify(event(4))}\n`;
        expect(await send(door, lines, { 'content-type': 'application/x-ndjson' })).toMatchObject({
          status: 202,
          body: expected(3),
        });
        expect((await application.events()).map(({ data }) => (data as { n: number }).n)).toEqual([
          1, 2, 3, 4,
        ]);
      });

      it('says when it happened, and nothing of who sent it', async () => {
        const body = { __event__: 'shop.Anything', __occurredAt__: '2026-01-31T12:00:00Z' };
        await send(door, body, { 'user-agent': 'a browser', 'x-forwarded-for': '203.0.113.9' });
        const [event] = await application.events();
        expect(event!.occurredAt).toEqual(new Date('2026-01-31T12:00:00Z'));
        expect(event!.metadata.source).toBe('http');
        expect(event!.metadata).not.toHaveProperty('ip');
        expect(event!.metadata).not.toHaveProperty('userAgent');
      });

      it('is answered by JSON that no browser takes for anything else', async () => {
        for (const body of [{ __event__: 'shop.Anything' }, { __event__: '<script>' }]) {
          const { headers } = await send(door, body);
          expect(headers.get('content-type')).toMatch(/^application\/json/);
          expect(headers.get('x-content-type-options')).toBe('nosniff');
          expect(headers.get('cache-control')).toBe('no-store');
        }
      });

      it('may come in pieces, of unknown length, and after being asked for', async () => {
        const json = JSON.stringify({ __event__: 'shop.Anything', text: 'ü'.repeat(20) });
        const bytes = Buffer.from(json);
        const head = 'POST /event/log HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n';
        const chunk = (part: Uint8Array) => [`${part.length.toString(16)}\r\n`, part, '\r\n'];
        const cut = bytes.indexOf(0xc3) + 1;
        const chunked = await sendRaw(
          application.port,
          {},
          `${head}Transfer-Encoding: chunked\r\n\r\n`,
          ...chunk(bytes.subarray(0, cut)),
          ...chunk(bytes.subarray(cut)),
          '0\r\n\r\n',
        );
        expect(chunked?.status).toBe(202);
        const expected = `${head}Expect: 100-continue\r\nContent-Length: ${bytes.length}\r\n\r\n`;
        expect((await sendRaw(application.port, {}, expected, bytes))?.status).toBe(202);
        expect(await application.events()).toHaveLength(2);
      });
    });

    describe('what is refused', () => {
      beforeEach(() => start({ maxEvents: 3, bodyLimit: 2000, maxDepth: 5 }));
      afterEach(async () => expect(await application.events()).toEqual([]));

      it('says what is wrong with each event, and records none of them', async () => {
        const events = [
          { __event__: 'shop.Anything' },
          { __event__: 'shop.DealClick', dealId: 'x', position: 'y' },
          { __event__: 'shop.Unknown' },
        ];
        const { status, body } = await send(door, events);
        expect(status).toBe(400);
        expect(body).toMatchObject({
          statusCode: 400,
          code: 'EVENT_VALIDATION',
          message: expect.stringContaining('2 of 3 events were refused'),
          errors: [
            { index: 1, event: 'shop.DealClick', code: 'EVENT_VALIDATION' },
            { index: 2, event: 'shop.Unknown', code: 'EVENT_NOT_FOUND' },
          ],
        });
        const properties = body.errors[0].properties.map(({ property }: { property: string }) => property);
        expect(properties.sort()).toEqual(['dealId', 'position']);
      });

      it('answers an unknown name and one that may not be posted by the same letters', async () => {
        const answer = async (name: string) => {
          const { status, text } = await send(door, { __event__: name, x: 1 });
          return { status, text: text.replaceAll(name, '…') };
        };
        const unknown = await answer('intern.None');
        expect(unknown.status).toBe(404);
        expect(await answer('intern.Paid')).toEqual(unknown);
        expect(await answer('shop.None')).toEqual(unknown);
        expect(unknown.text).not.toContain('Paid');
      });

      it.each([
        ['a name of no shape', { __event__: 'stuff' }, 400, 'INVALID_EVENT_NAME'],
        ['a name with markup', { __event__: '<b>.x' }, 400, 'INVALID_EVENT_NAME'],
        ['no name', { x: 1 }, 400, 'INVALID_EVENT'],
        [
          'a key that is too long',
          { __event__: 'shop.Anything', __key__: 'x'.repeat(250) },
          400,
          'INVALID_EVENT',
        ],
        ['no object', 17, 400, 'INVALID_EVENT'],
        ['no events', [], 400, 'NO_EVENTS'],
        ['too many', [1, 2, 3, 4], 413, 'TOO_MANY_EVENTS'],
        ['too much', { __event__: 'shop.Anything', x: 'x'.repeat(2000) }, 413, 'BODY_TOO_LARGE'],
        ['what its class fails on', { __event__: 'shop.Careless', note: 17 }, 503, 'EVENT_FAILED'],
        ['what is nested too deeply', { __event__: 'shop.Anything', x: [[[[[]]]]] }, 400, 'TOO_DEEP'],
      ])('%s', async (_, body, status, code) => {
        const answer = await send(door, JSON.stringify(body), { 'content-type': 'application/json' });
        expect(answer).toMatchObject({
          status,
          body: { statusCode: status, code, errors: expect.any(Array) },
        });
        expect(answer.body.message.length).toBeGreaterThan(20);
      });

      it.each([
        ['text', { 'content-type': 'text/plain' }],
        ['another charset', { 'content-type': 'application/json; charset=utf-16' }],
        ['a compressed body', { 'content-type': 'application/json', 'content-encoding': 'gzip' }],
        ['several parts', { 'content-type': 'multipart/form-data; boundary=x' }],
        ['no content type', {}],
      ])('%s', async (_, headers) => {
        const body = Buffer.from('{"__event__":"shop.Anything"}');
        expect(await send(door, body, headers as never)).toMatchObject({
          status: 415,
          body: { statusCode: 415 },
        });
      });

      it('a body without end is not read to it', async () => {
        const head = 'POST /event/log HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n';
        const announced = await sendRaw(
          application.port,
          {},
          `${head}Content-Length: 1000000000\r\n\r\n`,
          Buffer.alloc(3000),
        );
        expect(announced).toMatchObject({ status: 413, head: expect.stringMatching(/connection: close/i) });
        const chunk = `186a0\r\n${'x'.repeat(100_000)}\r\n`;
        const endless = await sendRaw(
          application.port,
          {},
          `${head}Transfer-Encoding: chunked\r\n\r\n`,
          ...new Array<string>(20).fill(chunk),
        );
        expect(endless?.status).toBe(413);
      });

      it('a client that goes away in the middle', async () => {
        const head =
          'POST /event/log HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n';
        const { connect } = await import('node:net');
        const socket = connect(application.port, '127.0.0.1', () =>
          socket.write(`${head}{"`, () => socket.destroy()),
        );
        await new Promise((resolve) => socket.once('close', resolve));
        expect((await send(door, { x: 1 })).status).toBe(400);
      });

      it('other methods, and other spellings of the path', async () => {
        for (const method of ['GET', 'PUT', 'DELETE', 'PATCH'])
          expect((await send(door, undefined, { method })).status).toBe(404);
        expect((await send(door, undefined, { method: 'HEAD' })).status).toBe(404);
        for (const path of ['/event/l%6Fg', '//event/log', '/event/log/x', '/event/log%'])
          expect([400, 404]).toContain(
            (
              await sendRaw(
                application.port,
                {},
                `POST ${path}?__event__=shop.Anything HTTP/1.1\r\nHost: x\r\n\r\n`,
              )
            )?.status,
          );
        const { status } = (await sendRaw(
          application.port,
          {},
          'POST http://x/event/log?__event__=shop.Anything HTTP/1.1\r\nHost: x\r\n\r\n',
        ))!;
        expect(status).toBe(404);
      });
    });
  });
});
