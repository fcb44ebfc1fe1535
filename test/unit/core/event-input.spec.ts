import { InvalidEventError } from '../../../lib/core/errors.js';
import { assertEventInput, event } from '../../../lib/core/event-input.js';

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

  it.each(['http:api:1', 'kafka:topic:1'])('keeps keys from outside apart: %s', (key) => {
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
  const input = (key: string, group = 'shop.Click') => ({ group, key });

  it('have the prefix of their origin and name, and something behind it', () => {
    expect(() => assertEventInput(input('http:shop.Click:17'), 'http')).not.toThrow();
    for (const key of ['17', 'http:17', 'http:shop.Clic:17', 'http:shop.Click:', 'kafka:shop.Click:17']) {
      expect(() => assertEventInput(input(key), 'http')).toThrow(
        /expected key to be one that goes on behind the prefix "http:shop.Click:"/,
      );
    }
  });

  it('are refused from inside', () => {
    expect(() => assertEventInput(input('http:shop.Click:17'))).toThrow(/reserved prefix "http:"/);
  });

  it('are measured as a whole', () => {
    const prefix = 'http:shop.Click:';
    expect(() => assertEventInput(input(prefix + 'x'.repeat(255 - prefix.length)), 'http')).not.toThrow();
    expect(() => assertEventInput(input(prefix + 'x'.repeat(256 - prefix.length)), 'http')).toThrow(
      /256 bytes/,
    );
  });
});
