import fc from 'fast-check';
import { runInNewContext } from 'node:vm';
import { codecWith, roundTrip } from './codec-support.js';

describe('A payload comes back as it was', () => {
  it.each<[string, unknown]>([
    ['null', null],
    ['false', false],
    ['a string', 'text'],
    ['an empty string', ''],
    ['NUL and control characters', 'a\u0000b\u001f'],
    ['a lone surrogate', 'cut \ud83d'],
    ['an emoji', '🎉'],
    ['a float', 0.1],
    ['the largest number', Number.MAX_VALUE],
    ['-0', -0],
    ['a nested -0', { x: [-0] }],
    ['a Date', new Date('2026-11-20T10:00:00.123Z')],
    ['a Date before the year 0', new Date('-000044-03-15T00:00:00.000Z')],
    ['the last Date', new Date(8.64e15)],
    ['a bigint', 123456789012345678901234567890n],
    ['a negative bigint', -1n],
    [
      'a Map with any keys',
      new Map<unknown, unknown>([
        [{ a: 1 }, new Date(0)],
        [1n, new Map([[1, 2]])],
        [null, 1],
      ]),
    ],
    ['a Set', new Set<unknown>(['a', 1n, new Set([1])])],
    ['a Buffer', Buffer.from([0, 127, 255])],
    ['an empty Buffer', Buffer.alloc(0)],
    ['a Uint8Array', new Uint8Array([0, 127, 255])],
    ['a Uint8Array that is a window', new Uint8Array(new ArrayBuffer(8), 2, 3)],
    ['nested arrays', [[], [[]], [1, [2]]]],
  ])('%s', async (_, data) => {
    expect(await roundTrip(data)).toStrictEqual(data);
  });

  it('undefined, and it differs from null', async () => {
    expect(await roundTrip(undefined)).toBeUndefined();
    expect(codecWith().encode(undefined)).toEqual({ text: null, bytes: null, encoding: 'json' });
    expect(codecWith().encode(null)).toEqual({ text: 'null', bytes: null, encoding: 'json' });
  });

  it.each<[string, object]>([
    ['$type', { $type: 'Date', value: 'no date' }],
    ['$type alone', { $type: 1 }],
    ['the form of an escape', { $type: 'object', value: { $type: 'object', value: {} } }],
    ['the form of a reference', { $type: 'entity', value: { entity: 'Challenge', id: { id: 1 } } }],
    ['$type within a registered form', new Map([[{ $type: 'Map' }, { $type: { $type: 'Set' } }]])],
    ['own __proto__', JSON.parse('{"__proto__":{"polluted":true},"constructor":1,"toString":2}') as object],
    ['dots, empty, integers', { 'a.b': 1, '': 2, 10: 3, 2: 4, '-1': 5, '"': 6, '\ud800': 7 }],
  ])('an object with keys like ours: %s', async (_, data) => {
    const result = await roundTrip(data);
    expect(result).toStrictEqual(data);
    expect(Object.getPrototypeOf(result)).toBe(Object.getPrototypeOf(data));
    expect(Object.keys(result as object)).toEqual(Object.keys(data));
  });

  it('an object without a prototype, whatever its keys', async () => {
    const data = Object.assign(
      Object.create(null) as object,
      JSON.parse('{"__proto__":1,"$type":"x","n":{}}'),
    );
    const result = (await roundTrip({ data })) as { data: object };
    expect(Object.getPrototypeOf(result.data)).toBeNull();
    expect(Object.entries(result.data)).toEqual([
      ['__proto__', 1],
      ['$type', 'x'],
      ['n', {}],
    ]);
  });

  it('never sets a prototype', async () => {
    await roundTrip(JSON.parse('{"__proto__":{"polluted":true},"a":{"__proto__":{"polluted":true}}}'));
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  it('bytes of each kind stay of their kind, and own their memory', async () => {
    const [buffer, bytes] = (await roundTrip([Buffer.from('a'), new Uint8Array([1])])) as [
      Buffer,
      Uint8Array,
    ];
    expect(Buffer.isBuffer(buffer)).toBe(true);
    expect(Buffer.isBuffer(bytes)).toBe(false);
    expect(bytes.buffer.byteLength).toBe(1);
  });

  it('objects of another realm are taken for what they are', async () => {
    const foreign = runInNewContext(
      '({ list: [1], map: new Map([[1, new Set([2])]]), at: new Date(0), bytes: new Uint8Array([7]) })',
    );
    expect(await roundTrip(foreign)).toEqual({
      list: [1],
      map: new Map([[1, new Set([2])]]),
      at: new Date(0),
      bytes: new Uint8Array([7]),
    });
  });

  it('the same object twice is no cycle', async () => {
    const shared = { a: [1] };
    expect(await roundTrip({ x: shared, y: [shared, new Map([[shared, shared]])] })).toEqual({
      x: shared,
      y: [shared, new Map([[shared, shared]])],
    });
  });

  it('a Date of a subclass, as fake timers make them, is a Date', async () => {
    class FakeDate extends Date {}
    expect(await roundTrip(new FakeDate(5))).toStrictEqual(new Date(5));
  });

  it('arbitrary nested data of supported values', async () => {
    await fc.assert(
      fc.asyncProperty(supported(), async (data) => expect(await roundTrip(data)).toStrictEqual(data)),
      {
        numRuns: 200,
      },
    );
  });
});

/** Anything a payload may hold, with keys that look like the codec's own. */
function supported(): fc.Arbitrary<unknown> {
  const key = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom('$type', 'value', '__proto__', 'a.b', '', '0', 'toJSON'),
  );
  return fc.letrec((tie) => ({
    node: fc.oneof(
      { maxDepth: 5, withCrossShrink: true },
      scalar(),
      tie('list'),
      tie('object'),
      tie('nullObject'),
      tie('map'),
      tie('set'),
    ),
    list: fc.array(tie('node'), { maxLength: 5 }),
    object: fc
      .array(fc.tuple(key, tie('node')), { maxLength: 5 })
      .map((entries) => Object.fromEntries(entries) as unknown),
    nullObject: fc.dictionary(key, tie('node'), { maxKeys: 5, noNullPrototype: false }),
    map: fc.array(fc.tuple(tie('node'), tie('node')), { maxLength: 4 }).map((entries) => new Map(entries)),
    set: fc.array(tie('node'), { maxLength: 4 }).map((members) => new Set(members)),
  })).node;
}

function scalar(): fc.Arbitrary<unknown> {
  return fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.string().map((text) => `${text}\ud800`),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
    fc.bigInt(),
    fc.date({ noInvalidDate: true }),
    fc.uint8Array({ maxLength: 20 }),
    fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes)),
  );
}
