import { randomBytes } from 'node:crypto';
import { brotliDecompressSync, inflateSync } from 'node:zlib';
import { createCipherKey } from '../../../lib/payload/encryption-options.js';
import { PayloadDecodingError, UnknownKeyError } from '../../../lib/payload/errors.js';
import type { PayloadCipher } from '../../../lib/payload/payload-cipher.js';
import type { PayloadOptions } from '../../../lib/payload/payload-options.js';
import { codecWith, thrownBy } from './codec-support.js';
import { fakeLoader } from './fake-entities.js';

const secretOf = (bytes: number) => randomBytes(bytes);
const first = { id: 'first', secret: secretOf(32) };
const second = { id: 'second', secret: createCipherKey() };
const owner = { key: 'order_17', group: 'shop.Ordered' };
const data = {
  card: '4111 1111 1111 1111',
  at: new Date(0),
  lines: Array.from({ length: 40 }, () => 'the same line'),
};

const stored = (options: PayloadOptions, given: unknown = data, of = owner) =>
  codecWith(options).encode(given, { owner: of });
const read = (options: PayloadOptions, given: ReturnType<typeof stored>, of = owner) =>
  codecWith(options).decode(given, fakeLoader(), { owner: of });

describe('Payload pipeline', () => {
  it.each([
    ['zlib', inflateSync],
    ['brotli', brotliDecompressSync],
  ] as const)('compresses with %s, and says so in the encoding', async (compress, decompress) => {
    const made = stored({ compress });
    expect(made).toMatchObject({ text: null, encoding: `json+${compress}` });
    expect(JSON.parse(decompress(made.bytes!).toString())).toMatchObject({ card: data.card });
    // Whatever is chosen now.
    expect(await read({}, made)).toStrictEqual(data);
  });

  it('leaves small payloads, and those that do not get smaller, as they are', () => {
    const noise = randomBytes(2000).toString('latin1');
    expect(stored({ compress: 'zlib' }, { a: 1 })).toMatchObject({ text: '{"a":1}', encoding: 'json' });
    const growing = {
      name: 'grow',
      dump: (bytes: Uint8Array) => Buffer.concat([bytes, bytes]),
      load: (bytes: Uint8Array) => bytes,
    };
    expect(stored({ compress: growing }, noise)).toMatchObject({ bytes: null, encoding: 'json' });
    expect(stored({ compress: 'zlib', encrypt: { key: first } }, { a: 1 }).encoding).toBe('json+aes(first)');
  });

  it.each([16, 24, 32])('encrypts with a key of %i bytes', async (bytes) => {
    const encrypt = { key: { id: 'k', secret: secretOf(bytes) } };
    const made = stored({ encrypt });
    expect(made.encoding).toBe('json+aes(k)');
    expect(Buffer.from(made.bytes!).includes('4111')).toBe(false);
    expect(await read({ encrypt }, made)).toStrictEqual(data);
    expect(stored({ encrypt }).bytes).not.toEqual(made.bytes);
  });

  it.each([
    ['15 bytes', secretOf(15)],
    ['33 bytes', secretOf(33)],
    ['base64 of 31 bytes', secretOf(31).toString('base64')],
    ['a text that is no base64', 'secret, secret, secret, secret!!'],
    ['nothing', undefined],
  ])('refuses a key of %s, and does not show it', (_, secret) => {
    const key = { id: 'k', secret: secret as string };
    const error = thrownBy(() => codecWith({ encrypt: { key } }));
    expect(error).toMatchObject({ code: 'INVALID_OPTION', option: 'encrypt.key.secret' });
    if (secret) expect(error.message).not.toContain(String(secret));
  });

  it.each(['', 'a b', 'a+b', 'a)', 'x'.repeat(65)])('refuses the key id %p', (id) => {
    const encrypt = { formerKeys: [{ id, secret: secretOf(32) }] };
    expect(thrownBy(() => codecWith({ encrypt }))).toMatchObject({ option: 'encrypt.formerKeys[0].id' });
  });

  it('refuses one key id for two keys, and takes the same key twice', () => {
    const other = { id: 'first', secret: secretOf(32) };
    const pipelines = [{ groups: 'shop.*', encrypt: { key: other } }];
    expect(thrownBy(() => codecWith({ encrypt: { key: first }, pipelines }))).toMatchObject({
      option: 'pipelines[0].encrypt',
    });
    codecWith({
      encrypt: { key: first, formerKeys: [first] },
      pipelines: [{ groups: 'a', encrypt: { key: first } }],
    });
  });

  it('encrypts what is new with the key, and reads what former keys encrypted', async () => {
    const before = stored({ encrypt: { key: first } });
    const rotated = { encrypt: { key: second, formerKeys: [first] } };
    expect(stored(rotated).encoding).toBe('json+aes(second)');
    expect(await read(rotated, before)).toStrictEqual(data);
    expect(await read({ encrypt: { formerKeys: [first] } }, before)).toStrictEqual(data);
    expect(stored({ encrypt: { formerKeys: [first] } }).encoding).toBe('json');
  });

  it('names event and key where a key is not known', async () => {
    const made = stored({ encrypt: { key: first } });
    const error = await read({ encrypt: { key: second } }, made).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(UnknownKeyError);
    expect(error).toMatchObject({ code: 'UNKNOWN_KEY', keyId: 'first', event: owner });
    expect((error as Error).message).toContain('event "order_17" (shop.Ordered)');
  });

  it.each<[string, (bytes: Buffer) => Uint8Array]>([
    ['changed', (bytes) => (bytes.writeUInt8(bytes[20]! ^ 1, 20), bytes)],
    ['changed at its end', (bytes) => (bytes.writeUInt8(bytes.at(-1)! ^ 1, bytes.length - 1), bytes)],
    ['cut short', (bytes) => bytes.subarray(0, -1)],
    ['cut to nothing', (bytes) => bytes.subarray(0, 3)],
  ])('names the event whose payload was %s', async (_, change) => {
    const made = stored({ encrypt: { key: first } });
    const bytes = change(Buffer.from(made.bytes!));
    const error = await read({ encrypt: { key: first } }, { ...made, bytes }).catch(
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(PayloadDecodingError);
    expect(error).toMatchObject({ event: owner, message: expect.stringContaining('event "order_17"') });
    expect(JSON.stringify(error) + (error as Error).stack).not.toContain('4111');
  });

  it('refuses another key of the same id, and a payload that was put beside another event', async () => {
    const encrypt = { key: first };
    const made = stored({ encrypt, compress: 'zlib' });
    const other = { encrypt: { key: { id: 'first', secret: secretOf(32) } } };
    await expect(read(other, made)).rejects.toMatchObject({ code: 'PAYLOAD_NOT_DECODABLE', event: owner });
    for (const elsewhere of [
      { ...owner, key: 'order_18' },
      { ...owner, group: 'shop.Paid' },
    ])
      await expect(read({ encrypt }, made, elsewhere)).rejects.toMatchObject({ event: elsewhere });
    await expect(read({ encrypt }, { ...made, encoding: 'json+aes(first)' })).rejects.toMatchObject({
      event: owner,
    });
  });

  it('says nothing of what an encrypted payload holds', async () => {
    class Card {
      constructor(readonly number: string) {}
    }
    const cards = {
      name: 'Card',
      matches: (value: unknown) => value instanceof Card,
      encode: (value: unknown) => (value as Card).number,
      decode: (number: unknown) => {
        throw new Error(`bad card ${String(number)}`);
      },
    };
    const made = stored({ types: [cards], encrypt: { key: first } }, [new Card('4111')]);
    const error = (await read({ types: [cards], encrypt: { key: first } }, made).catch(
      (thrown: unknown) => thrown,
    )) as Error;
    expect(error).toMatchObject({ code: 'PAYLOAD_NOT_DECODABLE', event: owner });
    expect(error.stack).not.toContain('4111');
    expect(error.cause).toBeUndefined();
    const plain = stored({ types: [cards] }, [new Card('4111')]);
    await expect(read({ types: [cards] }, plain)).rejects.toThrow('bad card 4111');
  });

  it('says nothing of what cannot be encoded, either', () => {
    class Card {}
    const cards = {
      name: 'Card',
      type: Card,
      encode: () => {
        throw new Error('bad card 4111');
      },
      decode: () => new Card(),
    };
    const refusal = (options: PayloadOptions) =>
      thrownBy(() => stored({ types: [cards], ...options }, [new Card()]));
    expect(refusal({ encrypt: { key: first } })).toMatchObject({
      code: 'PAYLOAD_NOT_ENCODABLE',
      path: 'data[0]',
    });
    expect(refusal({ encrypt: { key: first } }).stack).not.toContain('4111');
    expect(refusal({}).message).toContain('4111');
  });

  it('takes a cipher of the application, with its keys', async () => {
    const xor = (bytes: Uint8Array, { keyId, bound }: { keyId: string; bound: string }) =>
      bytes.map((byte, index) => byte ^ keyId.length ^ bound.charCodeAt(index % bound.length));
    const own: PayloadCipher = { name: 'kms', keyId: 'abc', encrypt: xor, decrypt: xor };
    const made = stored({ encrypt: own });
    expect(made.encoding).toBe('json+kms(abc)');
    expect(await read({ encrypt: { ...own, keyId: 'later' } }, made)).toStrictEqual(data);
    const broken = {
      ...own,
      decrypt: () => {
        throw new Error('4111');
      },
    };
    const error = (await read({ encrypt: broken }, made).catch((thrown: unknown) => thrown)) as Error;
    expect(error).toMatchObject({ code: 'PAYLOAD_NOT_DECODABLE', event: owner });
    expect(error.stack).not.toContain('4111');
    await expect(read({}, made)).rejects.toMatchObject({ message: expect.stringContaining('"kms(abc)"') });
    expect(thrownBy(() => codecWith({ encrypt: { ...own, name: 'aes' } }))).toMatchObject({
      option: 'encrypt.name',
    });
  });

  it('is that of the first pattern that matches the group, else that of all', () => {
    const codec = codecWith({
      encrypt: { key: first },
      pipelines: [
        { groups: ['pay.*', /secret/i], encrypt: { key: second } },
        { groups: 'pay.Plain', encrypt: { key: first } },
        { groups: /^page\./ },
      ],
    });
    const encodingOf = (group: string) => codec.encode({ a: 1 }, { owner: { key: 'k', group } }).encoding;
    expect(['pay.Plain', 'a.Secret', 'page.Viewed', 'other'].map(encodingOf)).toEqual([
      'json+aes(second)',
      'json+aes(second)',
      'json',
      'json+aes(first)',
    ]);
  });

  it('of what is made of several groups is one that encrypts, where there is one', () => {
    const codec = codecWith({
      pipelines: [
        { groups: 'a', compress: 'zlib' },
        { groups: 'b', encrypt: { key: first } },
      ],
    });
    const encodingOf = (groups: string[]) =>
      codec.encode(data, { owner, pipeline: codec.pipelineOfAll(groups) }).encoding;
    expect([['c'], ['c', 'a'], ['c', 'a', 'b']].map(encodingOf)).toEqual([
      'json',
      'json+zlib',
      'json+aes(first)',
    ]);
  });

  it('stores no data as none', async () => {
    const encrypt = { key: first };
    expect(codecWith({ encrypt }).encode(undefined, { owner })).toEqual({
      text: null,
      bytes: null,
      encoding: 'json',
    });
    expect(await read({ encrypt }, stored({ encrypt }, null))).toBeNull();
  });

  it.each([
    ['compress', { compress: 'lz4' as 'zlib' }],
    ['pipelines[0].groups', { pipelines: [{ groups: [] as string[] }] }],
  ])('refuses what %s may not be', (option, options) => {
    expect(thrownBy(() => codecWith(options))).toMatchObject({ code: 'INVALID_OPTION', option });
  });
});
