import { MissingEntityError } from '../../../lib/payload/errors.js';
import type { PayloadType } from '../../../lib/payload/payload-type.js';
import { codecWith, refusalOf, roundTrip, thrownBy } from './codec-support.js';
import { Challenge, challenge, fakeLoader } from './fake-entities.js';

class Money {
  constructor(
    readonly cents: bigint,
    readonly since = new Date(0),
  ) {}
}
class Euro extends Money {}

const moneyType: PayloadType<Money, { cents: bigint; since: Date }> = {
  name: 'Money',
  type: Money,
  encode: ({ cents, since }) => ({ cents, since }),
  decode: ({ cents, since }) => new Money(cents, since),
};

const urlType: PayloadType<URL, string> = {
  name: 'URL',
  matches: (value) => value instanceof URL,
  encode: (url) => url.href,
  decode: (href) => new URL(href),
};

describe('Registered types', () => {
  it('come back as instances, what they encode to passing the transcoder too', async () => {
    const data = { price: new Money(5n), links: new Set([new URL('https://example.org/a')]) };
    const result = (await roundTrip(data, codecWith({ types: [moneyType, urlType] }))) as typeof data;
    expect(result).toStrictEqual(data);
    expect(result.price).toBeInstanceOf(Money);
    expect(result.price.cents).toBe(5n);
  });

  it('of a class take its direct instances only', () => {
    expect(refusalOf({ e: new Euro(1n) }, codecWith({ types: [moneyType] }))).toMatchObject({
      path: 'data.e',
    });
  });

  it('come before the built-in types and before entities', async () => {
    class Day extends Date {}
    const day: PayloadType<Day, number> = {
      name: 'Day',
      type: Day,
      encode: (value) => value.getTime(),
      decode: (time) => new Day(time),
    };
    const byValue: PayloadType<Challenge, unknown> = {
      name: 'Challenge',
      type: Challenge,
      encode: ({ id }) => id,
      decode: (id) => challenge(id, 'own'),
    };
    const result = await roundTrip([new Day(5), challenge(3)], codecWith({ types: [day, byValue] }));
    expect(result).toStrictEqual([new Day(5), challenge(3, 'own')]);
  });

  it('may hold entities, which are loaded before the type decodes', async () => {
    class Box {
      constructor(readonly content: unknown) {}
    }
    const box: PayloadType<Box, unknown> = {
      name: 'Box',
      type: Box,
      encode: ({ content }) => [content],
      decode: (json) => new Box((json as unknown[])[0]),
    };
    const result = (await roundTrip(new Box(challenge(7)), codecWith({ types: [box] }))) as Box;
    expect(result.content).toEqual(challenge(7));
  });

  it('are never asked about what JSON holds', async () => {
    const greedy: PayloadType = {
      name: 'Greedy',
      matches: () => true,
      encode: () => 'never',
      decode: () => 'never',
    };
    const data = { a: [1, 'x', true, null, { b: {} }] };
    expect(await roundTrip(data, codecWith({ types: [greedy] }))).toStrictEqual(data);
  });

  it('may take what would be refused', async () => {
    const nan: PayloadType<number, null> = {
      name: 'NaN',
      matches: Number.isNaN,
      encode: () => null,
      decode: () => NaN,
    };
    expect(await roundTrip({ x: NaN }, codecWith({ types: [nan] }))).toStrictEqual({ x: NaN });
  });

  it('that throw, or give what cannot be stored, are refused with the path', () => {
    const cause = new Error('no currency');
    const throwing = {
      ...moneyType,
      encode: () => {
        throw cause;
      },
    };
    expect(refusalOf({ m: new Money(1n) }, codecWith({ types: [throwing] }))).toMatchObject({
      path: 'data.m',
      cause,
      expected: expect.stringMatching('"Money"'),
      actual: expect.stringMatching('no currency'),
    });
    const late = { ...moneyType, encode: async () => 1 } as unknown as PayloadType;
    expect(refusalOf({ m: new Money(1n) }, codecWith({ types: [late] }))).toMatchObject({
      path: 'data.m<Money>',
      expected: expect.stringMatching('await'),
    });
  });

  it('that are no longer known, or fail to decode, are typed errors', async () => {
    const stored = codecWith({ types: [moneyType] }).encode(new Money(1n));
    await expect(codecWith().decode(stored, fakeLoader())).rejects.toMatchObject({
      code: 'PAYLOAD_NOT_DECODABLE',
      problem: expect.stringMatching('"Money"'),
    });
    const cause = new Error('no longer');
    const failing = {
      ...moneyType,
      decode: () => {
        throw cause;
      },
    };
    await expect(codecWith({ types: [failing] }).decode(stored, fakeLoader())).rejects.toMatchObject({
      code: 'PAYLOAD_NOT_DECODABLE',
      cause,
    });
    const typed = {
      ...moneyType,
      decode: () => {
        throw new MissingEntityError('Currency', { id: 1 });
      },
    };
    await expect(codecWith({ types: [typed] }).decode(stored, fakeLoader())).rejects.toBeInstanceOf(
      MissingEntityError,
    );
  });

  it.each([
    'Date',
    'bigint',
    'Map',
    'Set',
    'Uint8Array',
    'Buffer',
    'object',
    'null-object',
    'entity',
    'snapshot',
    '',
  ])('the name %p is refused', (name) => {
    expect(thrownBy(() => codecWith({ types: [{ ...moneyType, name }] }))).toMatchObject({
      code: 'INVALID_OPTION',
      option: 'types[0].name',
    });
  });

  it('of one name are refused', () => {
    const types = [moneyType, { ...urlType, name: 'Money' }];
    expect(thrownBy(() => codecWith({ types }))).toMatchObject({
      option: 'types[1].name',
      actual: '"Money"',
    });
  });

  it.each([
    null,
    'Money',
    {},
    { ...moneyType, type: undefined },
    { ...moneyType, decode: 1 },
    { ...moneyType, name: 1 },
    { ...urlType, matches: 1 },
  ])('an incomplete one is refused: %p', (type) => {
    expect(thrownBy(() => codecWith({ types: [type as PayloadType] }))).toMatchObject({
      code: 'INVALID_OPTION',
      option: 'types[0]',
    });
  });
});
