import type { CanActivate, ModuleMetadata, Type } from '@nestjs/common';
import { timerMilliseconds } from '../core/duration.js';
import { InvalidOptionError } from '../core/errors.js';
import { flag, list, must, whole } from '../core/options/checks.js';
import {
  type Check,
  group,
  needed,
  type NeededOptionsOf,
  opt,
  type OptionsOf,
  resolved,
  type ResolvedOf,
} from '../core/options/declare.js';
import { allowedNames } from './allowed-names.js';
import { bytesOf } from './bytes.js';
import type { RequestLimiter } from './request-limit.js';

/** How many requests a client may send. */
export const RATE_LIMIT = {
  /** Requests of one client in one window; of IPv6 a client is a network of 64 bits. Default `600`. */
  limit: opt(whole(1), 600),
  /** From a client's first request on. Default `'1m'`. */
  window: opt(timerMilliseconds, '1m'),
};

export interface RateLimitOptions extends OptionsOf<typeof RATE_LIMIT> {}

const rateLimit: Check<
  RateLimitOptions | RequestLimiter | false,
  ResolvedOf<typeof RATE_LIMIT> | RequestLimiter | false
> = (given, option, where) =>
  given === false || isLimiter(given) ? given : group(RATE_LIMIT)(given, option, where);

const isLimiter = (given: object): given is RequestLimiter =>
  typeof (given as Partial<RequestLimiter>).consume === 'function';

const ORIGIN = /^(\*|https?:\/\/[^/\s]+)$/;
const origins = list<string>(
  "an array of origins without a path, such as 'https://www.example.org', or ['*']",
  (origin) => typeof origin === 'string' && ORIGIN.test(origin),
);

/** Pages of other origins. */
export const CORS = {
  /** Origins whose pages may post, such as `https://www.example.org`; with `*` for any run of characters. */
  origins: needed(origins),
  /** Request headers that these pages may send, beside `Content-Type` and `Idempotency-Key`, such as `Authorization`. Default: none. */
  headers: opt(
    list<string>('an array of strings', (header) => typeof header === 'string'),
    [],
  ),
  /** Whether these pages may send cookies, as `sendBeacon` always does. Not with the origin `*`. Default `false`. */
  credentials: opt(flag, false),
};

export interface CorsOptions extends NeededOptionsOf<typeof CORS> {}

/** What is stored of who posts, in the `metadata` of each event. */
export const STORED_METADATA = {
  /** The address; `'truncated'`: its network alone, 24 bits of IPv4, 48 of IPv6. Default `false`. */
  ip: opt(
    must<boolean | 'truncated'>(
      "true, false or 'truncated'",
      (value) => typeof value === 'boolean' || value === 'truncated',
    ),
    false,
  ),
  /** The header `User-Agent`, 512 characters at most. Default `false`. */
  userAgent: opt(flag, false),
};

export interface StoredMetadataOptions extends OptionsOf<typeof STORED_METADATA> {}

function cors(given: CorsOptions, option: string, where: string): ResolvedOf<typeof CORS> {
  const policy = resolved(CORS, given, { where, option });
  if (!policy.credentials || !policy.origins.includes('*')) return policy;
  const expected = 'false where every origin is allowed';
  throw new InvalidOptionError(`${option}.credentials`, expected, 'true', where);
}

/** Segments of letters, digits, `-`, `_`, `~` and `.`: what is the same in every router, and in every spelling of a URL. */
const PATH = /^\/?[\w~-][\w.~-]*(\/[\w~-][\w.~-]*)*$/;
export const path = must<string>(
  "a path of letters, digits and '-_.~', such as 'event/log'",
  (value) => typeof value === 'string' && PATH.test(value),
);

export const HTTP_ROUTE = {
  /** Where events are posted to. Default `'event/log'`. */
  path: opt(path, 'event/log'),
  /** The application's guards, in their order, made with the dependencies that `imports` has. Default: none. */
  guards: opt(
    list<Type<CanActivate>>('classes of guards', (guard) => typeof guard === 'function'),
    [],
  ),
  /** Modules that export what the guards depend on; global ones need not stand here. Default: none. */
  imports: opt(must<NonNullable<ModuleMetadata['imports']>>('an array of modules', Array.isArray), []),
};

/** What has to be known before anything is made: with `forRootAsync` it stands beside the factory. */
export interface HttpRouteOptions extends OptionsOf<typeof HTTP_ROUTE> {}

export const HTTP_POLICY = {
  /** Names of the events that may be posted, with `*` for any run of characters, or their classes. Nothing else is reached. */
  allow: needed(allowedNames),
  /** For each client; `false`: none. A limiter of `rate-limiter-flexible` of one's own counts for several processes. Default: 600 a minute. */
  rateLimit: opt(rateLimit, {}),
  /** Largest body, in bytes or as text such as `'1mb'`. Default `'100kb'`. */
  bodyLimit: opt(bytesOf, '100kb'),
  /** Events in one request. Default `100`. */
  maxEvents: opt(whole(1), 100),
  /** Objects and arrays within each other in one event; 1: none but the event itself. Default `20`. */
  maxDepth: opt(whole(1), 20),
  /** Pages of other origins that may post. Default: none, pages of the own host only. */
  cors: opt(cors, { origins: [] }),
  /** What is stored of who posts. Default: nothing. */
  metadata: opt(group<StoredMetadataOptions, typeof STORED_METADATA>(STORED_METADATA), {}),
  /** Proxies in front of the application that set `X-Forwarded-For`; 0: as the platform's own `trust proxy` says. Default: as in `eventTypes`, where it is 0. */
  trustedProxies: opt(whole(0), 0),
  /** Whether the browser client is served at `<path>.js`. Default `true`. */
  client: opt(flag, true),
};

export interface HttpPolicyOptions extends NeededOptionsOf<typeof HTTP_POLICY> {}

/** Events over HTTP. */
export interface HttpOptions extends HttpRouteOptions, HttpPolicyOptions {}

export type ResolvedRoute = ResolvedOf<typeof HTTP_ROUTE>;
export type ResolvedHttp = ResolvedOf<typeof HTTP_POLICY>;

/** Checks where the door is. */
export function httpRoute(options: HttpRouteOptions, where: string): ResolvedRoute {
  const route = resolved(HTTP_ROUTE, options, { where, option: 'http', beside: HTTP_POLICY });
  return { ...route, path: route.path.replace(/^\//, '') };
}

/** Checks the rest. */
export const httpPolicy = (
  options: HttpPolicyOptions,
  where: string,
  { trustedProxies }: Pick<ResolvedHttp, 'trustedProxies'>,
): ResolvedHttp =>
  resolved(HTTP_POLICY, options, {
    where,
    option: 'http',
    beside: HTTP_ROUTE,
    defaults: { trustedProxies },
  });
