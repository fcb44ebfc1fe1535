import type { IncomingMessage } from 'node:http';
import { describe, expect, it } from '@jest/globals';
import { clientNetwork } from '../../../lib/http/client-network.js';
import { ClientScript } from '../../../lib/http/client-script.js';
import { idempotencyKey } from '../../../lib/http/idempotency-key.js';
import { Origins } from '../../../lib/http/origins.js';
import { isProblem, postedEvent } from '../../../lib/http/posted-event.js';
import { countRequest } from '../../../lib/http/request-limit.js';
import { metadataToStore } from '../../../lib/http/stored-metadata.js';

const request = (headers: Record<string, string>) =>
  ({
    headers,
    headersDistinct: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]])),
  }) as unknown as IncomingMessage;

describe('an event as it was posted', () => {
  const post = (envelope: object, key?: string) => postedEvent({ __event__: 'a.B', ...envelope }, 4, key);

  it('is its data, apart from what stands beside it', () => {
    expect(post({ x: 1, __key__: 'k', __occurredAt__: '2026-01-31T12:00:00.5+01:00' })).toEqual({
      index: 4,
      name: 'a.B',
      key: 'k',
      occurredAt: new Date('2026-01-31T11:00:00.500Z'),
      data: { x: 1 },
    });
    expect(post({}, 'from the header')).toEqual({ index: 4, name: 'a.B', key: 'from the header', data: {} });
  });

  it.each([
    [{ __event__: undefined }],
    [{ __event__: 17 }],
    [{ __key__: 17 }],
    [{ __key__: '' }],
    [{ __key__: null }],
    [{ __occurredAt__: 'yesterday' }],
    [{ __occurredAt__: 1767225600000 }],
    [{ __occurredAt__: '2026-01-31' }],
    [{ __occurredAt__: '2026-01-31T12:00:00' }],
    [{ __occurredAt__: '2026-02-30T12:00:00Z' }],
    [{ __occurredAt__: '2026-13-01T12:00:00Z' }],
    [{ __occurredAt__: '2026-01-31T25:00:00Z' }],
  ])('is refused with %j', (envelope) => {
    expect(post(envelope)).toMatchObject({ index: 4, code: 'INVALID_EVENT' });
  });

  it('has one key', () => {
    expect(isProblem(post({ __key__: 'k' }, 'k'))).toBe(true);
  });

  it.each([[null], [17], ['text'], [[]]])('is an object, not %j', (object) => {
    expect(postedEvent(object, 0)).toMatchObject({ code: 'INVALID_EVENT' });
  });
});

describe('the header Idempotency-Key', () => {
  it.each([
    ['k-1', 'k-1'],
    ['"k 1"', 'k 1'],
    [' k:1 ', 'k:1'],
  ])('%j is the key %j', (header, key) => {
    expect(idempotencyKey(request({ 'idempotency-key': header }))).toBe(key);
  });

  it.each(['', '"', '""', 'a"b', 'ä', '\u0001'])('refuses %j', (header) => {
    expect(() => idempotencyKey(request({ 'idempotency-key': header }))).toThrow(
      expect.objectContaining({ status: 400, code: 'INVALID_KEY' }),
    );
  });

  it('stands there once', () => {
    const twice = {
      headers: { 'idempotency-key': 'a, b' },
      headersDistinct: { 'idempotency-key': ['a', 'b'] },
    };
    expect(() => idempotencyKey(twice as unknown as IncomingMessage)).toThrow(
      expect.objectContaining({ code: 'REPEATED_PROPERTY' }),
    );
  });
});

describe('origins', () => {
  const origins = new Origins({
    origins: ['https://shop.example', 'https://*.shop.example'],
    headers: ['Authorization'],
    credentials: true,
  });
  const own = new Origins({ origins: [], headers: [], credentials: false });
  const from = (origin: string) => request({ origin, host: 'api.example:3000' });

  it.each(['https://shop.example', 'https://www.shop.example'])('lets %s see the answer', (origin) => {
    expect(origins.admit(from(origin))).toEqual({
      Vary: 'Origin',
      'Access-Control-Allow-Origin': origin,
      'Access-Control-Expose-Headers': 'Retry-After, Event-Log-Verdict',
      'Access-Control-Allow-Credentials': 'true',
    });
  });

  it('lets in pages of the own host, and what is no page', () => {
    expect(origins.admit(from('http://api.example:3000'))).toEqual({ Vary: 'Origin' });
    expect(origins.admit(request({ host: 'api.example:3000' }))).toEqual({ Vary: 'Origin' });
    expect(
      new Origins({ origins: [], headers: [], credentials: false }).admit(from('https://api.example:3000')),
    ).toEqual({});
  });

  it.each([
    'http://shop.example',
    'https://shop.example.evil',
    'https://evil-shop.example',
    'null',
    '',
    'api.example:3000',
    'https://api.example',
  ])('refuses %j', (origin) => {
    expect(() => origins.admit(from(origin))).toThrow(
      expect.objectContaining({ status: 403, code: 'ORIGIN_NOT_ALLOWED' }),
    );
  });

  it.each([
    ['https://shop.example', { host: 'shop.example:443' }],
    ['https://shop.example', { host: 'shop.example:80' }],
    ['http://shop.example', { host: 'Shop.example:80' }],
    ['https://[::1]', { host: '[::1]:443' }],
    ['null', { host: 'shop.example', 'sec-fetch-site': 'same-origin' }],
    ['https://shop.example', { host: 'inner:8080', 'sec-fetch-site': 'same-origin' }],
  ])('takes a page of %s for one of its own by %j', (origin, headers) => {
    expect(own.admit(request({ origin, ...headers }))).toEqual({});
  });

  it.each([
    ['https://shop.example', { host: 'shop.example:8443' }],
    ['https://shop.example:8443', { host: 'shop.example' }],
    ['null', { host: 'shop.example' }],
    ['null', { host: 'shop.example', 'sec-fetch-site': 'cross-site' }],
    ['https://other.shop.example', { host: 'shop.example', 'sec-fetch-site': 'same-site' }],
  ])('takes no page of %s for one of its own by %j', (origin, headers) => {
    expect(() => own.admit(request({ origin, ...headers }))).toThrow(
      expect.objectContaining({ code: 'ORIGIN_NOT_ALLOWED' }),
    );
  });

  it('knows listed origins in other spellings', () => {
    const spelled = new Origins({
      origins: ['https://Shop.example:443', 'http://shop.example:80', 'http://shop.example:443'],
      headers: [],
      credentials: false,
    });
    for (const origin of ['https://shop.example', 'http://shop.example', 'http://shop.example:443'])
      expect(spelled.admit(from(origin))).toHaveProperty('Access-Control-Allow-Origin', origin);
  });

  it('says which headers may be sent', () => {
    expect(origins.preflight(from('https://shop.example'))).toMatchObject({
      'Access-Control-Allow-Methods': 'POST',
      'Access-Control-Allow-Headers': 'Content-Type, Idempotency-Key, Authorization',
    });
  });
});

describe('counting requests', () => {
  it.each([
    ['192.0.2.7', '192.0.2.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8::6', '2001:db8:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['fe80::', 'fe80:0:0:0::/64'],
    ['', ''],
  ])('takes %s for %s', (address, network) => {
    expect(clientNetwork(address)).toBe(network);
  });

  it('says when the next one may come', async () => {
    const full = { consume: () => Promise.reject(Object.assign(new Error('full'), { msBeforeNext: 1001 })) };
    await expect(countRequest(full, 'a')).rejects.toMatchObject({
      status: 429,
      headers: { 'Retry-After': '2' },
    });
  });

  it('answers 503 where the counters cannot be reached', async () => {
    const broken = { consume: () => Promise.reject(new Error('no Redis')) };
    await expect(countRequest(broken, 'a')).rejects.toMatchObject({
      status: 503,
      code: 'LIMITER_UNAVAILABLE',
    });
  });
});

describe('what is stored of a sender', () => {
  it.each([
    ['192.0.2.7', '192.0.2.0'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1::'],
    ['::1', '0:0:0::'],
  ])('is of %s, truncated, %s', (ip, truncated) => {
    expect(metadataToStore({ ip, userAgent: 'curl' }, { ip: 'truncated', userAgent: false })).toEqual({
      ip: truncated,
    });
  });

  it('is nothing where nothing is asked for, or known', () => {
    expect(metadataToStore({ ip: '192.0.2.7', userAgent: 'curl' }, { ip: false, userAgent: false })).toEqual(
      {},
    );
    expect(metadataToStore({}, { ip: true, userAgent: true })).toEqual({});
  });
});

describe('the client script', () => {
  const script = new ClientScript('let x;');

  it('is sent once', () => {
    const first = script.answer({ headers: {} });
    expect(first).toMatchObject({ status: 200, body: 'let x;' });
    const { ETag } = first.headers;
    for (const tag of [ETag!, `W/${ETag}`, `"other", ${ETag}`, '*'])
      expect(script.answer({ headers: { 'if-none-match': tag } })).toMatchObject({ status: 304, body: '' });
    expect(script.answer({ headers: { 'if-none-match': '"other"' } }).status).toBe(200);
    expect(new ClientScript('let y;').answer({ headers: {} }).headers.ETag).not.toBe(ETag);
  });
});
