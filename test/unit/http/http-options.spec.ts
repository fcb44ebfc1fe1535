import { describe, expect, it } from '@jest/globals';
import { InvalidOptionError, UnknownOptionError } from 'nestjs-once';
import { nameEventType } from '../../../lib/core/event-types.js';
import { httpPolicy, httpRoute } from '../../../lib/http/http-options.js';

class Click {}
nameEventType(Click, 'shop.Click');

const policy = (options: object) =>
  httpPolicy({ allow: ['shop.*'], ...options }, 'forRoot', { trustedProxies: 0 });

describe('the option http', () => {
  it('has defaults for everything but what may be posted', () => {
    expect(httpRoute({}, 'forRoot')).toEqual({ path: 'event/log', guards: [], imports: [] });
    expect(policy({})).toEqual({
      allow: [/^shop\.[^]*$/],
      rateLimit: { limit: 600, window: 60_000 },
      bodyLimit: 102_400,
      maxEvents: 100,
      maxDepth: 20,
      cors: { origins: [], headers: [], credentials: false },
      metadata: { ip: false, userAgent: false },
      trustedProxies: 0,
      client: true,
    });
  });

  it('takes names, patterns and classes', () => {
    const { allow } = policy({ allow: ['a.B', 'shop.*', Click] });
    const isAllowed = (name: string) => allow.some((pattern) => pattern.test(name));
    expect(['a.B', 'shop.X', 'shop.Click'].every(isAllowed)).toBe(true);
    expect(['a.BB', 'axB', 'workshop.X', 'shop'].some(isAllowed)).toBe(false);
  });

  it('takes sizes and durations as text', () => {
    expect(policy({ bodyLimit: '1.5 mb' }).bodyLimit).toBe(1_572_864);
    expect(policy({ bodyLimit: 17 }).bodyLimit).toBe(17);
    expect(policy({ rateLimit: { limit: 5, window: '10s' } }).rateLimit).toEqual({
      limit: 5,
      window: 10_000,
    });
    expect(policy({ rateLimit: false }).rateLimit).toBe(false);
  });

  it.each([
    [{ allow: [] }, 'http.allow'],
    [{ allow: undefined }, 'http.allow'],
    [{ allow: 'shop.*' }, 'http.allow'],
    [{ allow: [class Unnamed {}] }, 'http.allow'],
    [{ allow: [''] }, 'http.allow'],
    [{ bodyLimit: 0 }, 'http.bodyLimit'],
    [{ bodyLimit: 'large' }, 'http.bodyLimit'],
    [{ maxEvents: 0 }, 'http.maxEvents'],
    [{ maxDepth: 1.5 }, 'http.maxDepth'],
    [{ trustedProxies: -1 }, 'http.trustedProxies'],
    [{ trustedProxies: true }, 'http.trustedProxies'],
    [{ client: 'yes' }, 'http.client'],
    [{ metadata: { ip: 'some' } }, 'http.metadata.ip'],
    [{ metadata: { userAgent: 'truncated' } }, 'http.metadata.userAgent'],
    [{ rateLimit: { limit: 0 } }, 'http.rateLimit.limit'],
    [{ rateLimit: { window: 0 } }, 'http.rateLimit.window'],
    [{ cors: { origins: 'https://a.example' } }, 'http.cors.origins'],
    [{ cors: { origins: ['https://a.example/'] } }, 'http.cors.origins'],
    [{ cors: { origins: ['a.example'] } }, 'http.cors.origins'],
    [{ cors: { origins: ['*'], credentials: true } }, 'http.cors.credentials'],
  ])('refuses %j', (options, option) => {
    expect(() => policy(options)).toThrow(InvalidOptionError);
    expect(() => policy(options)).toThrow(expect.objectContaining({ option }));
  });

  it.each(['', '/', 'a//b', 'a b', ':id', 'a/*', '../a', 'a/', 'a?b', 17])('refuses the path %j', (path) => {
    expect(() => httpRoute({ path: path as string }, 'forRoot')).toThrow(
      expect.objectContaining({ option: 'http.path' }),
    );
  });

  it('refuses what is no guard, and options that there are not', () => {
    expect(() => httpRoute({ guards: [{} as never] }, 'forRoot')).toThrow(
      expect.objectContaining({ option: 'http.guards' }),
    );
    expect(() => policy({ bodylimit: 1 })).toThrow(UnknownOptionError);
    expect(() => policy({ bodylimit: 1 })).toThrow(/unknown option "bodylimit". Did you mean "bodyLimit"/);
    expect(() => policy({ rateLimit: { points: 1 } })).toThrow(UnknownOptionError);
    expect(() => policy({ cors: { origin: [] } })).toThrow(UnknownOptionError);
  });
});
