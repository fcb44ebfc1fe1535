import { DEAL } from '../support/shop-events.js';
import type { Draw } from './random.js';

/** Bytes to be sent, and what is known of them. */
export interface FuzzedRequest {
  head: string;
  body: Buffer;
  /** HTTP itself is kept to, so that there has to be an answer, and one of the door's or the application's own. */
  isHttp: boolean;
}

const JSON_TYPE = 'application/json';
const FORM_TYPE = 'application/x-www-form-urlencoded';
const TYPES = [
  JSON_TYPE,
  FORM_TYPE,
  'application/x-ndjson',
  'text/plain',
  'multipart/form-data; boundary=x',
  'application/json; charset=utf-16',
  'APPLICATION/JSON;charset=utf-8',
  '',
  ';',
  'application/json, text/html',
  '\u00e4',
];
const NAMES = [
  'shop.Anything',
  'shop.DealClick',
  'shop.Careless',
  'shop.Viewed',
  'intern.Paid',
  'shop.None',
  'stuff',
  '',
  '.',
  'a.b.c',
  '__proto__',
  'constructor',
  'shop.*',
  '<script>.x',
  'shop.Anything\u0000',
  '\ud800.x',
  'x'.repeat(300),
  'shop.anything',
];
const PROPERTIES = [
  'x',
  'dealId',
  'position',
  'page',
  'note',
  '__key__',
  '__occurredAt__',
  '__event__',
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'then',
  'toJSON',
  '$type',
  '__other__',
  '',
  'hasOwnProperty',
  'validate',
  'a.b',
  'ü',
];
const TEXTS = [
  '',
  'x',
  '17',
  DEAL,
  '2026-01-31T12:00:00Z',
  '2026-02-30T00:00:00Z',
  'ü€😀',
  '\u0000',
  '\ud800',
  '\u2028',
  '</script>',
  "'; DROP TABLE once_event; --",
  '%',
  'x'.repeat(400),
];
const NUMBERS = [
  '0',
  '-0',
  '1e400',
  '-1e400',
  '9007199254740993',
  '1e21',
  '0.1',
  '01',
  '1.',
  '-',
  'NaN',
  '1e-999',
  '123456789012345678901234567890',
];
const HEADERS: readonly (readonly [string, readonly string[]])[] = [
  ['Idempotency-Key', ['k1', 'k2', '"k1"', '"', 'ü', '', 'x'.repeat(300), 'k1, k2']],
  ['Origin', ['http://127.0.0.1', 'null', 'https://evil.example', 'https://shop.example', '::', '']],
  ['Content-Encoding', ['gzip', 'identity', 'br', 'x', '']],
  ['Expect', ['100-continue', '200-ok']],
  ['X-Forwarded-For', ['203.0.113.9', ', ,', 'x', '::ffff:1.2.3.4', '[::1]:80', 'x'.repeat(1000)]],
  ['User-Agent', ['', 'x'.repeat(2000), '\u00ff\u00fe']],
  ['Connection', ['close', 'keep-alive', 'upgrade']],
  ['Upgrade', ['websocket', 'h2c']],
  ['Accept', ['text/html', '*/*']],
  ['X-HTTP-Method-Override', ['GET', 'DELETE']],
];

/** Events whose keys come again, so that there are repetitions and conflicts. */
export function fuzzedRequest(draw: Draw): FuzzedRequest {
  const kind = draw.below(10);
  if (kind === 0) return brokenHttp(draw);
  if (kind <= 2)
    return withHead(draw, query(draw), Buffer.alloc(0), draw.oneOf([undefined, undefined, ...TYPES]));
  const { type, body } = kind <= 7 ? posted(draw) : { type: draw.oneOf(TYPES), body: draw.bytes(60) };
  const bytes = draw.chance(0.3) ? mutated(draw, body) : body;
  return withHead(
    draw,
    draw.chance(0.1) ? query(draw) : '',
    bytes,
    draw.chance(0.9) ? type : draw.oneOf(TYPES),
  );
}

function withHead(draw: Draw, search: string, body: Buffer, type: string | undefined): FuzzedRequest {
  const path = draw.chance(0.95)
    ? '/event/log'
    : draw.oneOf([
        '/event/log/',
        '/EVENT/LOG',
        '/event/l%6fg',
        '/event/log.js',
        '/',
        '/event/log%',
        '/event/log/../log',
        '//event/log',
        '/event/log;x',
      ]);
  const method = draw.chance(0.95)
    ? 'POST'
    : draw.oneOf(['GET', 'PUT', 'HEAD', 'OPTIONS', 'DELETE', 'PATCH']);
  const headers = ['Host: 127.0.0.1', ...(type === undefined ? [] : [`Content-Type: ${type}`])];
  for (const [name, values] of HEADERS) if (draw.chance(0.08)) headers.push(`${name}: ${draw.oneOf(values)}`);
  const isChunked = draw.chance(0.2);
  headers.push(isChunked ? 'Transfer-Encoding: chunked' : `Content-Length: ${body.length}`);
  return {
    head: `${method} ${path}${search && `?${search}`} HTTP/1.1\r\n${headers.join('\r\n')}\r\n\r\n`,
    body: isChunked ? chunked(draw, body) : body,
    isHttp: true,
  };
}

function chunked(draw: Draw, body: Buffer): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at < body.length;) {
    const part = body.subarray(at, at + 1 + draw.below(body.length));
    parts.push(Buffer.from(`${part.length.toString(16)}\r\n`), part, Buffer.from('\r\n'));
    at += part.length;
  }
  return Buffer.concat([...parts, Buffer.from('0\r\n\r\n')]);
}

function posted(draw: Draw): { type: string; body: Buffer } {
  switch (draw.below(5)) {
    case 0:
      return { type: FORM_TYPE, body: Buffer.from(query(draw)) };
    case 1:
      return {
        type: 'application/x-ndjson',
        body: Buffer.from(draw.times(6, () => event(draw)).join(draw.oneOf(['\n', '\r\n', '\n\n']))),
      };
    case 2:
      return { type: JSON_TYPE, body: Buffer.from(event(draw)) };
    case 3:
      return {
        type: JSON_TYPE,
        body: Buffer.from(`${'['.repeat(draw.below(3000))}${draw.oneOf(['', '1', '{"x":'])}`),
      };
    default:
      return {
        type: JSON_TYPE,
        body: Buffer.from(`[${draw.times(12, () => event(draw)).join(draw.chance(0.95) ? ',' : ' ')}]`),
      };
  }
}

/** As text: what it holds is not always what JSON may. */
function event(draw: Draw): string {
  const sound = draw.chance(0.7);
  const name = sound ? 'shop.Anything' : draw.oneOf(NAMES);
  const key = draw.chance(0.5) ? `,"__key__":"k${draw.below(60)}"` : '';
  const rest = sound
    ? [`"x":${draw.below(2)}`]
    : draw.times(4, () => `${text(draw, PROPERTIES)}:${value(draw, 4)}`);
  return `{"__event__":${quoted(draw, name)}${key}${rest.map((member) => `,${member}`).join('')}}`;
}

function value(draw: Draw, depth: number): string {
  const kind = draw.below(depth > 0 ? 8 : 6);
  if (kind === 6) return `[${draw.times(3, () => value(draw, depth - 1)).join(',')}]`;
  if (kind === 7)
    return `{${draw.times(3, () => `${text(draw, PROPERTIES)}:${value(draw, depth - 1)}`).join(',')}}`;
  if (kind <= 2) return text(draw, TEXTS);
  return kind === 3 ? draw.oneOf(['true', 'false', 'null']) : draw.oneOf(NUMBERS);
}

const text = (draw: Draw, choices: readonly string[]): string => quoted(draw, draw.oneOf(choices));

/** Sometimes with every character escaped. */
const quoted = (draw: Draw, raw: string): string =>
  draw.chance(0.9)
    ? JSON.stringify(raw)
    : `"${[...Array(raw.length).keys()].map((at) => `\\u${raw.charCodeAt(at).toString(16).padStart(4, '0')}`).join('')}"`;

function query(draw: Draw): string {
  const encode = (raw: string) =>
    draw.chance(0.9)
      ? encodeURIComponent(raw.toWellFormed())
      : draw.oneOf(['%', '%zz', '%ff', '%00', '%ED%A0%80', '+', '&', '==']);
  const pairs = draw.times(3, () => `${encode(draw.oneOf(PROPERTIES))}=${encode(draw.oneOf(TEXTS))}`);
  return [`__event__=${encode(draw.chance(0.7) ? 'shop.Anything' : draw.oneOf(NAMES))}`, ...pairs]
    .join('&')
    .replace(/[^\x21-\x7e]/g, '');
}

function mutated(draw: Draw, body: Buffer): Buffer {
  const at = draw.below(body.length + 1);
  switch (draw.below(5)) {
    case 0:
      return body.subarray(0, at);
    case 1:
      return Buffer.concat([body.subarray(0, at), draw.bytes(4), body.subarray(at)]);
    case 2:
      return Buffer.concat([body, body]);
    case 3:
      return Buffer.concat([Buffer.from('\uFEFF'), body]);
    default: {
      const copy = Buffer.from(body);
      if (copy.length > 0) copy[at % copy.length] = draw.below(256);
      return copy;
    }
  }
}

/** Never with an event that could be recorded: whether there is an answer is for the server to say. */
function brokenHttp(draw: Draw): FuzzedRequest {
  const lines = ['POST /event/log HTTP/1.1', 'Host: 127.0.0.1', 'Content-Type: application/json'];
  const broken = [
    'Content-Length: -1',
    'Content-Length: 5\r\nContent-Length: 6',
    'Content-Length: 1e3',
    'Transfer-Encoding: chunked\r\nContent-Length: 3',
    'Transfer-Encoding: gzip, chunked',
    'Transfer-Encoding: identity',
    'Transfer-Encoding: chunked, chunked',
    ' folded: x',
    'no colon',
    `X: ${'x'.repeat(20_000)}`,
    'X: \u0000',
    'Content-Length: 99',
  ];
  const head = `${[...lines, draw.oneOf(broken)].join('\r\n')}\r\n\r\n`;
  const isCut = draw.chance(0.3);
  const first = draw.chance(0.2)
    ? draw.oneOf([
        'GET',
        'POST /event/log',
        'PRI * HTTP/2.0',
        '\u0016\u0003\u0001',
        'POST  / HTTP/1.1',
        'POST /event/log HTTP/9.9',
      ])
    : head;
  return {
    head: isCut ? first.slice(0, draw.below(first.length)) : first,
    body: draw.bytes(20),
    isHttp: false,
  };
}
