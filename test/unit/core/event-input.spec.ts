import { InvalidEventError } from '../../../lib/core/errors.js';
import { assertEventInput, checkedTags, event, streamKey } from '../../../lib/core/event-input.js';

describe('event(group, id, data?)', () => {
  it('makes the key of group and id', () => {
    expect(event('challenge_created', 17, { a: 1 })).toEqual({
      group: 'challenge_created',
      key: 'challenge_created_17',
      data: { a: 1 },
    });
    expect(event('g', 'x').key).toBe('g_x');
    expect(event('g', 12n).key).toBe('g_12');
    expect(event('g', 0).key).toBe('g_0');
  });

  it('has no data where none was given', () => {
    expect(event('g', 1)).not.toHaveProperty('data');
    expect(event('g', 1, null)).toHaveProperty('data', null);
  });

  it('takes an orderKey, times and metadata beside the data', () => {
    const details = { orderKey: 'account_7', availableAt: new Date(5), metadata: { campaign: 'spring' } };
    expect(event('g', 1, { a: 1 }, details)).toEqual({ group: 'g', key: 'g_1', data: { a: 1 }, ...details });
  });

  it('refuses a detail that there is not, or that the key or the data would be', () => {
    const misspelt = () => event('g', 1, {}, { orderkey: 'account_7' } as never);
    expect(misspelt).toThrow(/expected orderkey to be left out: did you mean "orderKey"\?/);
    expect(() => event('g', 1, {}, { key: 'other' } as never)).toThrow(InvalidEventError);
  });

  it.each([undefined, null, '', NaN, Infinity, 1.5, 2 ** 53, {}, [], new Date(0), true])(
    'refuses the id %p',
    (id) => {
      expect(() => event('g', id as never)).toThrow(InvalidEventError);
    },
  );

  it('says what would happen with such an id', () => {
    expect(() => event('g', undefined as never)).toThrow(
      /expected id of event\("g", …\) to be .*swallow every later event.*got undefined/,
    );
  });
});

describe('assertEventInput', () => {
  const valid = { group: 'app.Happened', key: 'happened_1' };
  const check = (input: unknown) => () => assertEventInput(input);

  it('takes what may be recorded', () => {
    const full = {
      ...valid,
      data: { any: 1 },
      occurredAt: new Date(),
      availableAt: new Date(0),
      orderKey: 'o',
      metadata: {},
    };
    expect(check(valid)).not.toThrow();
    expect(check(full)).not.toThrow();
  });

  it.each([
    ['orderkey', 'orderKey'],
    ['availableAT', 'availableAt'],
    ['payload', undefined],
  ])('refuses the unknown property %s, and names the nearest that there is', (property, near) => {
    const refused = expect.objectContaining({ code: 'INVALID_EVENT', field: property });
    expect(check({ ...valid, [property]: 'x' })).toThrow(refused);
    expect(check({ ...valid, [property]: 'x' })).toThrow(
      near ? `did you mean "${near}"?` : /left out \(there are group, key, data,/,
    );
  });

  it.each([undefined, null, 'text', 7, [valid], () => valid])('refuses %p in place of an input', (input) => {
    expect(check(input)).toThrow(expect.objectContaining({ code: 'INVALID_EVENT', field: 'it' }));
  });

  describe.each(['group', 'key', 'orderKey'])('%s', (field) => {
    it.each([null, 7, {}, '', 'a\0b', 'lone \ud800', 'x'.repeat(256), '🙂'.repeat(64)])(
      'is not %p',
      (value) => {
        expect(check({ ...valid, [field]: value })).toThrow(
          expect.objectContaining({ code: 'INVALID_EVENT', field }),
        );
      },
    );

    it.each(['x', 'x'.repeat(255), '🙂'.repeat(63) + 'abc', ' ', 'é', 'http'])('may be %p', (value) => {
      expect(check({ ...valid, [field]: value })).not.toThrow();
    });
  });

  it.each(['group', 'key'])('needs a %s', (field) => {
    expect(check({ ...valid, [field]: undefined })).toThrow(expect.objectContaining({ field }));
  });

  it('counts bytes, not characters', () => {
    expect(check({ ...valid, key: 'é'.repeat(128) })).toThrow('got 256 bytes');
  });

  it.each([
    'http:api:1',
    'kafka:topic:1',
    'nats:subject:1',
    'rabbitmq:queue:1',
    'memory:topic:1',
    'stream:account 17:1',
  ])('keeps keys of other places apart: %s', (key) => {
    expect(check({ ...valid, key })).toThrow(/reserved prefix/);
    expect(check({ ...valid, group: key })).not.toThrow();
  });

  it.each(['occurredAt', 'availableAt'])('takes only a valid Date as %s', (field) => {
    for (const value of [new Date(NaN), '2026-01-01', 0, null]) {
      expect(check({ ...valid, [field]: value })).toThrow(expect.objectContaining({ field }));
    }
  });

  it.each([null, 'text', [1]])('refuses the metadata %p', (metadata) => {
    expect(check({ ...valid, metadata })).toThrow(expect.objectContaining({ field: 'metadata' }));
  });
});

describe('keys of events from outside', () => {
  const origin = { transport: 'http', source: 'shop.Click' };
  const input = (key: string, group = 'shop.Click') => ({ group, key });

  it('have the prefix of their origin and name, and something behind it', () => {
    expect(() => assertEventInput(input('http:shop.Click:17'), { origin })).not.toThrow();
    for (const key of ['17', 'http:17', 'http:shop.Clic:17', 'http:shop.Click:', 'kafka:shop.Click:17']) {
      expect(() => assertEventInput(input(key), { origin })).toThrow(
        /expected key to be one that goes on behind the prefix "http:shop.Click:"/,
      );
    }
  });

  it('are refused from inside', () => {
    expect(() => assertEventInput(input('http:shop.Click:17'))).toThrow(/reserved prefix "http:"/);
  });

  it('are measured as a whole', () => {
    const prefix = 'http:shop.Click:';
    expect(() => assertEventInput(input(prefix + 'x'.repeat(255 - prefix.length)), { origin })).not.toThrow();
    expect(() => assertEventInput(input(prefix + 'x'.repeat(256 - prefix.length)), { origin })).toThrow(
      /256 bytes/,
    );
  });
});

describe('keys of events from a broker', () => {
  const input = (key: string) => ({ group: 'shop.Click', key });

  it.each(['kafka', 'nats', 'rabbitmq', 'memory'])(
    'begin with the transport and the source: %s',
    (transport) => {
      const origin = { transport, source: 'clicks' };
      expect(() => assertEventInput(input(`${transport}:clicks:17`), { origin })).not.toThrow();
      expect(() => assertEventInput(input(`${transport}:clocks:17`), { origin })).toThrow(
        /behind the prefix/,
      );
    },
  );

  it('have a transport whose keys nobody inside may have', () => {
    const origin = { transport: 'pigeon', source: 'clicks' };
    expect(() => assertEventInput(input('pigeon:clicks:17'), { origin })).toThrow(
      /expected origin.transport to be one of http, kafka, memory, nats, rabbitmq, got "pigeon"/,
    );
  });

  it('have a source without a colon, so that no source has the keys of another', () => {
    const origin = { transport: 'kafka', source: 'a:b' };
    expect(() => assertEventInput(input('kafka:a:b:c'), { origin })).toThrow(
      expect.objectContaining({ field: 'origin.source' }),
    );
  });
});

describe('keys of events of a stream', () => {
  const check = (key: string, name: string, version: number) => () =>
    assertEventInput({ group: 'app.A', key }, { stream: { name, version } });

  it('are made of the name and the version of the stream', () => {
    expect(streamKey({ name: 'account 17', version: 3 })).toBe('stream:account 17:3');
    expect(check('stream:account 17:3', 'account 17', 3)).not.toThrow();
    for (const key of ['stream:account 17:4', 'stream:account:3', 'account 17:3', 'a'])
      expect(check(key, 'account 17', 3)).toThrow(/that of its stream and version, "stream:account 17:3"/);
  });

  it.each(['', 'a\0b', 'x'.repeat(232)])('need a name of 1 to 231 bytes: %j', (name) => {
    expect(check(streamKey({ name, version: 1 }).slice(0, 255).replace('\0', ''), name, 1)).toThrow(
      expect.objectContaining({ field: 'stream' }),
    );
  });

  it('have room for the longest name and the highest version', () => {
    const stream = { name: 'x'.repeat(231), version: Number.MAX_SAFE_INTEGER };
    expect(check(streamKey(stream), stream.name, stream.version)).not.toThrow();
  });

  it.each([0, -1, 1.5, NaN, Infinity, 2 ** 53])('need a version of 1 or more: %p', (version) => {
    expect(check('stream:a:1', 'a', version)).toThrow(expect.objectContaining({ field: 'version' }));
  });
});

describe('tags', () => {
  it('are taken once each', () => {
    expect(checkedTags(['a', 'b', 'a'])).toEqual(['a', 'b']);
  });

  it.each(['', 'a\0b', 'lone \ud800', 'x'.repeat(256), 7])('are not %p', (tag) => {
    expect(() => checkedTags(['a', tag as string])).toThrow(expect.objectContaining({ field: 'tags[1]' }));
  });
});
