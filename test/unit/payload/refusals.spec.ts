import fc from 'fast-check';
import { EventSourcingError } from '../../../lib/core/errors.js';
import { PayloadEncodingError } from '../../../lib/payload/errors.js';
import { MAX_DEPTH } from '../../../lib/payload/payload-writer.js';
import { codecWith, refusalOf, roundTrip, thrownBy } from './codec-support.js';

class Money {
  cents = 5;
}
class Bag extends Map {}
class Members extends Set {}
class List extends Array {}
class Bytes extends Uint8Array {}

describe('What a payload cannot hold', () => {
  it.each<[string, unknown, string, string]>([
    ['a function', { a: () => 1 }, 'data.a', 'function a'],
    ['a symbol', { a: Symbol('s') }, 'data.a', 'Symbol(s)'],
    ['NaN', { items: [{}, { price: NaN }] }, 'data.items[1].price', 'NaN'],
    ['Infinity', [-Infinity], 'data[0]', '-Infinity'],
    ['undefined in an array', { list: [1, undefined] }, 'data.list[1]', 'undefined'],
    ['a hole in an array', { list: [1, , 3] }, 'data.list[1]', 'undefined'],
    ['undefined in a Map', new Map([['a', undefined]]), 'data<Map>[0][1]', 'undefined'],
    ['undefined in a Set', { s: new Set([undefined]) }, 'data.s<Set>[0]', 'undefined'],
    ['an invalid Date', { at: new Date(NaN) }, 'data.at', 'an invalid Date'],
    ['a class instance', { 'odd key': new Money() }, 'data["odd key"]', 'an instance of Money'],
    ['a subclass of Map', new Bag(), 'data', 'an instance of Bag'],
    ['a subclass of Set', new Members(), 'data', 'an instance of Members'],
    ['a subclass of Array', [List.from([1])], 'data[0]', 'an array of 1'],
    ['a subclass of Uint8Array', new Bytes(1), 'data', 'an instance of Bytes'],
    ['other typed arrays', new Float64Array(1), 'data', 'an instance of Float64Array'],
    ['a boxed string', new String('x'), 'data', 'an instance of String'],
    ['an error', new Error('x'), 'data', 'an instance of Error'],
    ['an object on another object', Object.create({ a: 1 }), 'data', 'an object'],
    ['toJSON, which is a function', { toJSON: () => 1 }, 'data.toJSON', 'function toJSON'],
    ['a function as data', function handler() {}, 'data', 'function handler'],
  ])('%s is refused with its path', (_, data, path, actual) => {
    const error = refusalOf(data);
    expect(error).toBeInstanceOf(PayloadEncodingError);
    expect(error).toMatchObject({ code: 'PAYLOAD_NOT_ENCODABLE', path, name: 'PayloadEncodingError' });
    expect(error.actual).toContain(actual);
    expect(error.message).toContain(`expected ${path} to be `);
  });

  it('a promise is refused with the likely cause', () => {
    expect(refusalOf({ user: Promise.resolve(1) })).toMatchObject({
      path: 'data.user',
      expected: expect.stringMatching('await'),
    });
  });

  it('enumerable symbol keys are refused, others are passed over', async () => {
    expect(refusalOf({ a: { [Symbol('s')]: 1 } })).toMatchObject({
      path: 'data.a',
      actual: expect.stringMatching('Symbol'),
    });
    const hidden = Object.defineProperty({ a: 1 }, Symbol('s'), { value: 1, enumerable: false });
    expect(await roundTrip(hidden)).toStrictEqual({ a: 1 });
  });

  it('undefined properties and what is not enumerable are dropped', async () => {
    const data = Object.defineProperty({ a: undefined, b: 1, c: undefined }, 'd', {
      value: 1,
      enumerable: false,
    });
    expect(await roundTrip(data)).toStrictEqual({ b: 1 });
  });

  it('a long way is shortened, and so is a long key', () => {
    const deep = Array.from({ length: 40 }).reduce<unknown>((inner) => ({ k: inner }), NaN);
    expect(refusalOf(deep).path).toBe(`data${'.k'.repeat(10)} … ${'.k'.repeat(10)}`);
    expect(refusalOf({ ['x'.repeat(1000)]: NaN }).path.length).toBeLessThan(80);
  });
});

describe('Cycles and depth', () => {
  it('a cycle is refused, naming both ends', () => {
    const node: Record<string, unknown> = {};
    node.next = { list: [node] };
    expect(refusalOf({ node })).toMatchObject({
      path: 'data.node.next.list[0]',
      actual: 'a reference back to data.node',
    });
  });

  it('a cycle through an array, a Map, a Set', () => {
    const array: unknown[] = [];
    array.push(array);
    const map = new Map();
    map.set('self', map);
    const set = new Set();
    set.add([set]);
    for (const data of [array, map, set]) expect(refusalOf(data).expected).toBe('free of cycles');
  });

  it(`${MAX_DEPTH} levels pass, one more is refused`, async () => {
    const deepest = nested(MAX_DEPTH);
    expect(JSON.stringify(await roundTrip(deepest))).toBe(JSON.stringify(deepest));
    expect(refusalOf([deepest]).expected).toContain(String(MAX_DEPTH));
  });

  it('very deep data is a typed error, no stack overflow', () => {
    expect(refusalOf(nested(200_000))).toBeInstanceOf(PayloadEncodingError);
    const endless = {
      get next() {
        return Object.create(Object.prototype, Object.getOwnPropertyDescriptors(endless)) as unknown;
      },
    };
    expect(refusalOf(endless).expected).toContain('nested');
  });

  it('a type that gives its own value again, without end, is a typed error', () => {
    const again = { name: 'NaN', matches: Number.isNaN, encode: () => NaN, decode: () => NaN };
    expect(refusalOf(NaN, codecWith({ types: [again] })).expected).toContain('nested');
  });
});

describe('Foreign code inside data', () => {
  it('a getter is read once and its value stored', async () => {
    let reads = 0;
    const data = {
      get count() {
        return ++reads;
      },
    };
    expect(await roundTrip(data)).toStrictEqual({ count: 1 });
    expect(reads).toBe(1);
  });

  it('a getter that throws is refused with its path and cause', () => {
    const cause = new Error('lazy');
    const data = {
      a: [
        {
          get b() {
            throw cause;
          },
        },
      ],
    };
    expect(refusalOf(data)).toMatchObject({ path: 'data.a[0].b', actual: 'an error: lazy', cause });
  });

  it('a proxy with throwing traps, also a revoked one, is refused with its path', () => {
    const throwing = new Proxy(
      {},
      {
        ownKeys: () => {
          throw new Error('trap');
        },
      },
    );
    expect(refusalOf({ p: throwing })).toMatchObject({ path: 'data.p', actual: 'an error: trap' });
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    expect(refusalOf({ p: proxy })).toBeInstanceOf(PayloadEncodingError);
  });

  it('whatever is thrown inside, even something that cannot be looked at, ends as a typed error', () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    expect(
      refusalOf({
        get a() {
          throw proxy;
        },
      }),
    ).toMatchObject({ path: 'data.a' });
  });

  it('encode throws nothing but typed errors on arbitrary garbage', () => {
    const property = fc.property(garbage(), nasty(), fc.boolean(), (data, [trap, thrown], snapshots) => {
      // Made here, because the test tool itself looks at what it generates.
      for (const value of [
        data,
        throwingProxy(trap, thrown),
        oddlyNamed(data),
        { a: [oddlyNamed(thrown)] },
      ]) {
        const outcome = attempt(() => codecWith().encode(value, { snapshots }));
        expect(outcome === undefined || outcome instanceof EventSourcingError).toBe(true);
      }
    });
    fc.assert(property, { numRuns: 200 });
  });
});

function nested(levels: number): unknown {
  let data: unknown = [];
  for (let level = 1; level < levels; level++) data = [data];
  return data;
}

function attempt(work: () => unknown): unknown {
  try {
    work();
    return undefined;
  } catch (error) {
    return error;
  }
}

function garbage(): fc.Arbitrary<unknown> {
  return fc.anything({
    withBigInt: true,
    withBoxedValues: true,
    withDate: true,
    withMap: true,
    withNullPrototype: true,
    withObjectString: true,
    withSet: true,
    withSparseArray: true,
    withTypedArray: true,
    values: [fc.func(fc.anything()), fc.constant(Symbol('s')), fc.double(), fc.string(), fc.falsy()],
  });
}

/** A trap of a proxy and what it throws. */
function nasty(): fc.Arbitrary<[string, unknown]> {
  const traps = ['get', 'ownKeys', 'has', 'getPrototypeOf', 'getOwnPropertyDescriptor'];
  return fc.tuple(fc.constantFrom(...traps), fc.anything());
}

function throwingProxy(trap: string, thrown: unknown): object {
  const handler = {
    [trap]: () => {
      throw thrown;
    },
  };
  return new Proxy({ a: 1 }, handler);
}

function oddlyNamed(name: unknown): object {
  return Object.create({ constructor: { name } }) as object;
}

it('the helper sees a missing error', () => {
  expect(thrownBy(() => thrownBy(() => undefined)).message).toMatch('none was thrown');
});
