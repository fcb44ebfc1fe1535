import { EventType, InvalidEventError, InvalidOptionError } from 'nestjs-once';
import { errorOf, registryOf } from './registry-support.js';

@EventType('shop.Plain')
class Plain {
  id?: string;
}

@EventType('shop.Keyed', {
  key: (event: Keyed) => event.id!.toLowerCase(),
  orderKey: (event: Keyed) => event.user,
})
class Keyed {
  id?: string;
  user?: string;
}

const UUID = /^0[0-9a-f]{7}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

const ORIGIN = { transport: 'http', source: 'shop.Plain' };

describe('the key of a named event', () => {
  it('is a new UUID that rises with time where nobody gives one', async () => {
    const types = await registryOf([Plain]);
    const keys: string[] = [];
    for (let count = 0; count < 100; count++) keys.push((await types.prepare(Plain, {})).input.key);
    expect(keys.every((key) => UUID.test(key))).toBe(true);
    expect([...new Set(keys)].sort()).toEqual(keys);
  });

  it("is the class's, worked out from the data, or the caller's", async () => {
    const types = await registryOf([Keyed]);
    expect((await types.prepare(Keyed, { id: 'A', user: 'u' })).input).toMatchObject({
      key: 'a',
      orderKey: 'u',
    });
    expect((await types.prepare(Keyed, { id: 'A' }, { key: 'mine', orderKey: 'o' })).input).toMatchObject({
      key: 'mine',
      orderKey: 'o',
    });
    expect((await types.prepare(Keyed, { id: 'A' })).input).not.toHaveProperty('orderKey');
  });

  it('has a prefix of its own where the event comes from outside', async () => {
    const types = await registryOf([Plain, Keyed]);
    const keyOf = async (type: string, data: object, options = {}) => {
      const given = { transport: 'http', source: type };
      const { input, origin } = await types.prepare(type, data, { origin: given, ...options });
      expect(origin).toEqual(given);
      return input.key;
    };
    expect(await keyOf('shop.Plain', {}, { key: '17' })).toBe('http:shop.Plain:17');
    expect(await keyOf('shop.Keyed', { id: 'A' })).toBe('http:shop.Keyed:a');
    expect((await keyOf('shop.Plain', {})).replace('http:shop.Plain:', '')).toMatch(UUID);
  });

  it.each([
    [{ key: '' }, 'key'],
    [{ key: 'x'.repeat(256) }, 'key'],
    [{ key: 'http:shop.Plain:1' }, 'key'],
    [{ key: 17 }, 'key'],
    [{ key: 17, origin: ORIGIN }, 'key'],
    [{ key: '', origin: ORIGIN }, 'key'],
    [{ key: 'x'.repeat(240), origin: ORIGIN }, 'key'],
    [{ orderKey: '' }, 'orderKey'],
    [{ occurredAt: new Date(NaN) }, 'occurredAt'],
    [{ availableAt: 'soon' }, 'availableAt'],
    [{ metadata: 'text' }, 'metadata'],
    [{ metadata: 'text', request: { headers: {} } }, 'metadata'],
  ])('and what else is given with it is checked: %j', async (options, field) => {
    const error = await errorOf((await registryOf([Plain])).prepare(Plain, {}, options as never));
    expect(error).toBeInstanceOf(InvalidEventError);
    expect(error.field).toBe(field);
  });

  it('may not be undefined when the class is to say it: every event would be another one', async () => {
    @EventType('shop.Unkeyed', { key: (event: Plain) => event.id as string })
    class Unkeyed extends Plain {}
    const types = await registryOf([Unkeyed]);
    expect((await errorOf(types.prepare(Unkeyed, {}))).message).toContain('expected key to be a string');
  });
});

describe('the request', () => {
  const request = (headers: Record<string, string>) => ({
    headers,
    socket: { remoteAddress: '::ffff:10.0.0.1' },
  });

  const metadataOf = async (options: object, trustedProxies = 0) =>
    (await (await registryOf([Plain], { trustedProxies })).prepare(Plain, {}, options)).input.metadata;

  it('gives address and user agent', async () => {
    const given = request({ 'user-agent': 'curl/8', 'x-forwarded-for': '6.6.6.6' });
    expect(await metadataOf({ request: given })).toEqual({ ip: '10.0.0.1', userAgent: 'curl/8' });
    expect(await metadataOf({ request: given }, 1)).toEqual({ ip: '6.6.6.6', userAgent: 'curl/8' });
    expect(await metadataOf({ request: { headers: {} } })).toEqual({});
    expect(await metadataOf({})).toBeUndefined();
  });

  it('goes behind what the caller says', async () => {
    const metadata = { ip: 'hidden', tenant: 't' };
    expect(await metadataOf({ request: request({ 'user-agent': 'curl/8' }), metadata })).toEqual({
      ip: 'hidden',
      userAgent: 'curl/8',
      tenant: 't',
    });
  });

  it('gives no more of a user agent than is good', async () => {
    const long = request({ 'user-agent': 'x'.repeat(511) + '\u{1f600}' });
    const { userAgent } = (await metadataOf({ request: long }))!;
    expect(userAgent).toBe(`${'x'.repeat(511)}\ufffd`);
  });

  it.each([null, 'request', {}, { headers: null }])('has to be one: %p', async (given) => {
    expect(await errorOf(metadataOf({ request: given }))).toBeInstanceOf(InvalidOptionError);
  });
});
