import type { CanActivate, ModuleMetadata, Type } from '@nestjs/common';
import { describe } from '../core/describe.js';
import { type Duration, timerMilliseconds } from '../core/duration.js';
import { InvalidOptionError } from '../core/errors.js';
import type { EventClass } from '../core/event-types.js';
import { assertKnownOptions } from '../core/options.js';
import { type AllowedName, allowedNames } from './allowed-names.js';
import { type ByteSize, bytesOf } from './bytes.js';
import type { CorsPolicy } from './origins.js';
import type { RequestLimiter } from './request-limit.js';

export interface RateLimitOptions {
  /** Requests of one client in one window; of IPv6 a client is a network of 64 bits. Default 600. */
  limit?: number;
  /** From a client's first request on. Default 1 minute. */
  window?: Duration;
}

export interface CorsOptions {
  /** Origins whose pages may post, such as `https://www.example.org`; with `*` for any run of characters. */
  origins: readonly string[];
  /** Request headers that these pages may send, beside `Content-Type` and `Idempotency-Key`, such as `Authorization`. */
  headers?: readonly string[];
  /** Whether these pages may send cookies, as `sendBeacon` always does. Not with the origin `*`. Default false. */
  credentials?: boolean;
}

/** What has to be known before anything is made: with `forRootAsync` it stands beside the factory. */
export interface HttpRouteOptions {
  /** Where events are posted to. Default `event/log`. */
  path?: string;
  /** The application's guards, in their order, made with the dependencies that `imports` has. Default none. */
  guards?: readonly Type<CanActivate>[];
  /** Modules that export what the guards depend on; global ones need not stand here. */
  imports?: ModuleMetadata['imports'];
}

export interface HttpPolicyOptions {
  /** Names of the events that may be posted, with `*` for any run of characters, or their classes. Nothing else is reached. */
  allow: readonly (string | EventClass)[];
  /** For each client. A limiter of `rate-limiter-flexible` of one's own counts for several processes. Default 600 a minute. */
  rateLimit?: RateLimitOptions | RequestLimiter | false;
  /** Largest body. Default `'100kb'`. */
  bodyLimit?: ByteSize;
  /** Events in one request. Default 100. */
  maxEvents?: number;
  /** Objects and arrays within each other in one event; 1: none but the event itself. Default 20. */
  maxDepth?: number;
  /** Pages of other origins. Default none: pages of the own host only. */
  cors?: CorsOptions;
  /** Proxies in front of the application that set `X-Forwarded-For`. Default as in `eventTypes`, where 0 is the default. */
  trustedProxies?: number;
  /** Whether the browser client is served at `<path>.js`. Default true. */
  client?: boolean;
}

/** Events over HTTP. */
export interface HttpOptions extends HttpRouteOptions, HttpPolicyOptions {}

export interface ResolvedRoute {
  path: string;
  guards: readonly Type<CanActivate>[];
  imports: NonNullable<ModuleMetadata['imports']>;
}

export interface ResolvedHttp {
  allow: readonly AllowedName[];
  rateLimit: Required<{ limit: number; window: number }> | RequestLimiter | false;
  bodyLimit: number;
  maxEvents: number;
  maxDepth: number;
  cors: CorsPolicy;
  trustedProxies: number;
  client: boolean;
}

const ROUTE_OPTIONS = ['path', 'guards', 'imports'];
const POLICY_OPTIONS = [
  'allow',
  'rateLimit',
  'bodyLimit',
  'maxEvents',
  'maxDepth',
  'cors',
  'trustedProxies',
  'client',
];
/** Segments of letters, digits, `-`, `_`, `~` and `.`: what is the same in every router, and in every spelling of a URL. */
const PATH = /^[\w~-][\w.~-]*(\/[\w~-][\w.~-]*)*$/;
const ORIGIN = /^(\*|https?:\/\/[^/\s]+)$/;

/** Checks where the door is. */
export function httpRoute(options: HttpRouteOptions, where: string): ResolvedRoute {
  assertKnownOptions(options, [...ROUTE_OPTIONS, ...POLICY_OPTIONS], `${where}, http`);
  const { path = 'event/log', guards = [], imports = [] } = options;
  const bare = typeof path === 'string' ? path.replace(/^\//, '') : '';
  if (!PATH.test(bare)) {
    const expected = "a path of letters, digits and '-_.~', such as 'event/log'";
    throw new InvalidOptionError('http.path', expected, describe(path), where);
  }
  const noGuard: unknown = guards.find((guard) => typeof guard !== 'function');
  if (noGuard !== undefined)
    throw new InvalidOptionError('http.guards', 'classes of guards', describe(noGuard), where);
  return { path: bare, guards, imports };
}

/** Checks the rest. */
export function httpPolicy(
  options: HttpPolicyOptions,
  where: string,
  defaults: Pick<ResolvedHttp, 'trustedProxies'>,
): ResolvedHttp {
  assertKnownOptions(options, [...ROUTE_OPTIONS, ...POLICY_OPTIONS], `${where}, http`);
  const { bodyLimit = '100kb', maxEvents = 100, maxDepth = 20 } = options;
  const { trustedProxies = defaults.trustedProxies } = options;
  return {
    allow: allowedNames(options.allow, where),
    rateLimit: rateLimitOf(options.rateLimit ?? {}, where),
    bodyLimit: bytesOf(bodyLimit, 'http.bodyLimit', where),
    maxEvents: wholeNumber(maxEvents, 1, 'http.maxEvents', where),
    maxDepth: wholeNumber(maxDepth, 1, 'http.maxDepth', where),
    cors: corsOf(options.cors, where),
    trustedProxies: wholeNumber(trustedProxies, 0, 'http.trustedProxies', where),
    client: checkedBoolean(options.client ?? true, 'http.client', where),
  };
}

function rateLimitOf(
  options: RateLimitOptions | RequestLimiter | false,
  where: string,
): ResolvedHttp['rateLimit'] {
  if (options === false || isLimiter(options)) return options;
  assertKnownOptions(options, ['limit', 'window'], `${where}, http.rateLimit`);
  return {
    limit: wholeNumber(options.limit ?? 600, 1, 'http.rateLimit.limit', where),
    window: timerMilliseconds(options.window ?? '1m', 'http.rateLimit.window', where),
  };
}

const isLimiter = (options: object): options is RequestLimiter =>
  typeof (options as Partial<RequestLimiter>).consume === 'function';

function corsOf(options: CorsOptions | undefined, where: string): CorsPolicy {
  if (options === undefined) return { origins: [], headers: [], credentials: false };
  assertKnownOptions(options, ['origins', 'headers', 'credentials'], `${where}, http.cors`);
  const { origins, headers = [], credentials = false } = options;
  const isOrigin = (origin: unknown) => typeof origin === 'string' && ORIGIN.test(origin);
  if (!Array.isArray(origins) || !origins.every(isOrigin)) {
    const expected = "an array of origins without a path, such as 'https://www.example.org', or ['*']";
    throw new InvalidOptionError('http.cors.origins', expected, describe(origins), where);
  }
  if (checkedBoolean(credentials, 'http.cors.credentials', where) && origins.includes('*')) {
    const expected = 'false where every origin is allowed';
    throw new InvalidOptionError('http.cors.credentials', expected, 'true', where);
  }
  return { origins: origins as string[], headers, credentials };
}

function wholeNumber(value: unknown, least: number, option: string, where: string): number {
  if (Number.isSafeInteger(value) && (value as number) >= least) return value as number;
  throw new InvalidOptionError(option, `a whole number, ${least} or more`, describe(value), where);
}

function checkedBoolean(value: unknown, option: string, where: string): boolean {
  if (typeof value === 'boolean') return value;
  throw new InvalidOptionError(option, 'true or false', describe(value), where);
}
