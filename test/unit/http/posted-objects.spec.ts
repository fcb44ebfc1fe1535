import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { bodyFormat } from '../../../lib/http/media-type.js';
import { postedObjects } from '../../../lib/http/posted-objects.js';

const LIMITS = { maxEvents: 3, maxDepth: 3 };

interface Posted {
  query?: string;
  type?: string;
  body?: string | Uint8Array;
}

function read({ query = '', type = 'application/json', body = '' }: Posted, limits = LIMITS) {
  const bytes = typeof body === 'string' ? Buffer.from(body) : body;
  return postedObjects({ query, format: bodyFormat(type), body: bytes }, limits);
}

const refusal = (posted: Posted) => {
  try {
    read(posted);
  } catch (error) {
    return error as { status: number; code: string; message: string; errors: { index: number }[] };
  }
  throw new Error('Expected the request to be refused.');
};

describe('JSON', () => {
  it('is one object or an array of them', () => {
    expect(read({ body: '{"__event__":"a.B","x":1}' })).toEqual({
      isMany: false,
      objects: [{ __event__: 'a.B', x: 1 }],
    });
    expect(read({ body: ' [{"x":1},{"x":2}]' })).toEqual({ isMany: true, objects: [{ x: 1 }, { x: 2 }] });
  });

  it('gives back whatever JSON.parse does, where nothing is wrong with it', () => {
    const isReserved = (text: string) => text.startsWith('__') && text.endsWith('__');
    const name = fc
      .string({ minLength: 1, unit: 'grapheme' })
      .filter((text) => !isReserved(text) && !text.includes('\0'));
    const text = fc.string({ unit: 'grapheme' }).filter((value) => !value.includes('\0'));
    const leaf = fc.oneof(
      text,
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.maxSafeInteger(),
      fc.constantFrom(null, true),
    );
    const value = fc.letrec((tie) => ({
      node: fc.oneof({ maxDepth: 3 }, leaf, fc.array(tie('node')), fc.dictionary(name, tie('node'))),
    })).node;
    const safe = (json: string) => !/"(constructor|prototype)":/.test(json);
    fc.assert(
      fc.property(fc.dictionary(name, value), fc.constantFrom(undefined, 1), (data, indent) => {
        const json = JSON.stringify(data, null, indent);
        fc.pre(safe(json) && !/\d{16}/.test(json));
        expect(read({ body: json }, { maxEvents: 1, maxDepth: 10 }).objects).toEqual([JSON.parse(json)]);
      }),
    );
  });

  it.each([
    ['{"a":1,"a":2}', 'REPEATED_PROPERTY'],
    ['{"a":1,"\\u0061":2}', 'REPEATED_PROPERTY'],
    ['{"b":{"a":[{"c":1,"d":{},"c":2}]}}', 'TOO_DEEP'],
    ['{"b":[{"c":1,"d":0,"c":2}]}', 'REPEATED_PROPERTY'],
    ['{"__proto__":{"x":1}}', 'INVALID_PROPERTY'],
    ['{"\\u005f_proto__":{"x":1}}', 'INVALID_PROPERTY'],
    ['{"a":{"__proto__":1}}', 'INVALID_PROPERTY'],
    ['{"a":{"constructor":1}}', 'INVALID_PROPERTY'],
    ['{"prototype":1}', 'INVALID_PROPERTY'],
    ['{"a":{"__event__":"a.B"}}', 'INVALID_PROPERTY'],
    ['{"__other__":1}', 'INVALID_PROPERTY'],
    ['{"__":1}', 'INVALID_PROPERTY'],
    ['{"":1}', 'INVALID_PROPERTY'],
    ['{"a":1e400}', 'NUMBER_TOO_LARGE'],
    ['{"a":-1e400}', 'NUMBER_TOO_LARGE'],
    ['{"a":9007199254740993}', 'NUMBER_TOO_LARGE'],
    [`{"a":${'9'.repeat(5000)}}`, 'NUMBER_TOO_LARGE'],
    ['{"a":"\\ud800"}', 'INVALID_TEXT'],
    ['{"\\udc00":1}', 'INVALID_TEXT'],
    ['{"a":"\\u0000"}', 'INVALID_TEXT'],
    ['{"a":[[[1]]]}', 'TOO_DEEP'],
    ['{"a":', 'MALFORMED_JSON'],
    ['{"a":"x', 'MALFORMED_JSON'],
    ["{'a':1}", 'MALFORMED_JSON'],
    ['{"a":01}', 'MALFORMED_JSON'],
    ['{"a":NaN}', 'MALFORMED_JSON'],
    ['{"a":-}', 'MALFORMED_JSON'],
    ['{"a":"\\x"}', 'MALFORMED_JSON'],
    ['{"a":"\t"}', 'MALFORMED_JSON'],
    ['{} {}', 'MALFORMED_JSON'],
    ['}}]]', 'MALFORMED_JSON'],
    ['[]', 'NO_EVENTS'],
    [' ', 'MALFORMED_JSON'],
  ])('refuses %s: %s', (body, code) => {
    expect(refusal({ body })).toMatchObject({ status: 400, code });
  });

  it('says which event of an array is meant', () => {
    expect(refusal({ body: '[{"a":[1,2]},{"b":1},{"c":1,"c":2}]' })).toMatchObject({
      code: 'REPEATED_PROPERTY',
      errors: [{ index: 2, code: 'REPEATED_PROPERTY' }],
    });
  });

  it('takes the largest numbers that survive, and fractions as they are', () => {
    const body = '{"a":9007199254740991,"b":-9007199254740991,"c":1.7e308,"d":0.1,"e":1e20}';
    expect(read({ body }).objects).toEqual([JSON.parse(body)]);
  });

  it('is gone through in time that grows with its length', () => {
    for (const body of [
      '['.repeat(200_000),
      `{"a":"${'\\\\'.repeat(100_000)}`,
      '"'.repeat(200_000),
      '1'.repeat(200_000),
    ]) {
      // The time of this process alone: that of a machine with other things to do passes anyway.
      const begin = process.cpuUsage();
      expect(refusal({ body }).status).toBe(400);
      const { user, system } = process.cpuUsage(begin);
      expect(user + system).toBeLessThan(2_000_000);
    }
  });

  it('has no more events than are allowed', () => {
    expect(refusal({ body: '[{},{},{},{}]' })).toMatchObject({ status: 413, code: 'TOO_MANY_EVENTS' });
    expect(read({ body: '[{},{},{}]' }).objects).toHaveLength(3);
  });
});

describe('the bytes of a body', () => {
  it('are UTF-8 without a byte order mark', () => {
    expect(refusal({ body: Uint8Array.of(0x7b, 0xff, 0x7d) })).toMatchObject({ code: 'INVALID_ENCODING' });
    expect(refusal({ body: '\uFEFF{}' })).toMatchObject({
      code: 'INVALID_ENCODING',
      message: /byte order mark/,
    });
    // A surrogate, written as if it were a character.
    expect(refusal({ body: Uint8Array.of(0xed, 0xa0, 0x80) })).toMatchObject({ code: 'INVALID_ENCODING' });
  });
});

describe('NDJSON', () => {
  const type = 'application/x-ndjson';

  it('is one object on each line, empty ones left out', () => {
    expect(read({ type, body: '{"a":1}\r\n\n{"a":2}\n' })).toEqual({
      isMany: true,
      objects: [{ a: 1 }, { a: 2 }],
    });
    expect(read({ type, body: '{"a":1}' })).toEqual({ isMany: true, objects: [{ a: 1 }] });
  });

  it('says which line is meant', () => {
    expect(refusal({ type, body: '{"a":1}\n{"a"' })).toMatchObject({
      code: 'MALFORMED_JSON',
      errors: [{ index: 1 }],
    });
    expect(refusal({ type, body: '{"a":1}\n[{"a":1}]' })).toMatchObject({ errors: [{ index: 1 }] });
    expect(refusal({ type, body: '\n\n' })).toMatchObject({ code: 'NO_EVENTS' });
    expect(refusal({ type, body: '{}\n'.repeat(4) })).toMatchObject({ status: 413 });
  });
});

describe('forms and queries', () => {
  const form = 'application/x-www-form-urlencoded';

  it.each([
    ['__event__=a.B&x=1&y=%C3%A4+%2B', { __event__: 'a.B', x: '1', y: 'ä +' }],
    ['&&x&y=', { x: '', y: '' }],
    ['a[b]=1&a.c=2&toString=3', { 'a[b]': '1', 'a.c': '2', toString: '3' }],
    ['x=a=b', { x: 'a=b' }],
  ])('%s', (encoded, expected) => {
    expect(read({ query: encoded, type: form })).toEqual({ isMany: false, objects: [expected] });
    expect(read({ body: encoded, type: form })).toEqual({ isMany: false, objects: [expected] });
  });

  it.each([
    ['x=1&x=2', 'REPEATED_PROPERTY'],
    ['x=1&%78=2', 'REPEATED_PROPERTY'],
    ['x=%', 'INVALID_ENCODING'],
    ['x=%zz', 'INVALID_ENCODING'],
    ['x=%ff', 'INVALID_ENCODING'],
    ['x=%00', 'INVALID_TEXT'],
    ['x=%ED%A0%80', 'INVALID_ENCODING'],
    ['__proto__=1', 'INVALID_PROPERTY'],
    ['constructor=1', 'INVALID_PROPERTY'],
    ['=1', 'INVALID_PROPERTY'],
  ])('refuses %s: %s', (encoded, code) => {
    expect(refusal({ query: encoded })).toMatchObject({ status: 400, code });
    expect(refusal({ body: encoded, type: form })).toMatchObject({ status: 400, code });
  });
});

describe('a query beside a body', () => {
  it('has the name of one event; what else it has is no data of it', () => {
    expect(read({ query: '__event__=a.B', body: '{"x":1}' }).objects).toEqual([{ __event__: 'a.B', x: 1 }]);
    const query = '__event__=a.B&tenant=a&tenant=b&__proto__=1&broken=%E4';
    expect(read({ query, body: '{"x":1}' }).objects).toEqual([{ __event__: 'a.B', x: 1 }]);
    expect(read({ query: 'tenant=a', body: '[{"x":1}]' }).objects).toEqual([{ x: 1 }]);
    expect(refusal({ query: '__event__=a.B', body: '[{}]' }).code).toBe('MALFORMED_REQUEST');
    expect(refusal({ query: '__event__=a.B', body: '{"__event__":"a.B"}' }).code).toBe('REPEATED_PROPERTY');
  });

  it.each(['__key__=1', '__occurredAt__=1', '__event__=a.B&__event__=a.B'])(
    'is refused with %s, which no event is to blame for',
    (query) => expect(refusal({ query, body: '{}' })).toMatchObject({ status: 400, errors: [] }),
  );
});

describe('content types', () => {
  it.each([
    [undefined, undefined],
    ['application/json', 'json'],
    ['Application/JSON; charset=UTF-8', 'json'],
    ['application/json;charset="utf-8"', 'json'],
    ['application/x-ndjson', 'ndjson'],
    ['application/x-www-form-urlencoded;charset=utf8', 'form'],
  ])('%s is %s', (type, format) => {
    expect(bodyFormat(type)).toBe(format);
  });

  it.each([
    'text/plain',
    'application/json+x',
    'application/json; charset=latin1',
    'multipart/form-data; boundary=x',
    '',
    'constructor',
    '*/*',
  ])('refuses %s', (type) => {
    expect(() => bodyFormat(type)).toThrow(expect.objectContaining({ status: 415 }));
  });
});
