import type { IncomingMessage } from 'node:http';
import { compilePattern } from '../core/group-pattern.js';
import { RefusedRequestError } from './refused-request.js';
import { VERDICT } from './verdict.js';

export interface CorsPolicy {
  origins: readonly string[];
  /** Request headers beside those that the door reads itself. */
  headers: readonly string[];
  credentials: boolean;
}

const PREFLIGHT_MAX_AGE = 7200;
const OWN_HEADERS = ['Content-Type', 'Idempotency-Key'];

/** Which web pages may post: those of this host, and those whose origin is allowed. */
export class Origins {
  private readonly allowed: readonly RegExp[];

  constructor(private readonly policy: CorsPolicy) {
    this.allowed = policy.origins.map((origin) => compilePattern(asBrowsersSay(origin)));
  }

  /**
   * The headers that let the page see the answer. `RefusedRequestError`, 403, for a page that may not post; what is no
   * page sends no `Origin` and is let in.
   */
  admit(request: IncomingMessage): Record<string, string> {
    const { origin } = request.headers;
    if (origin === undefined) return this.hasAny ? { Vary: 'Origin' } : {};
    if (this.allowed.some((pattern) => pattern.test(origin))) return this.shared(origin);
    if (isOwn(origin, request)) return this.hasAny ? { Vary: 'Origin' } : {};
    const message = 'Pages of this origin may not post events here. Nothing was recorded.';
    throw new RefusedRequestError(403, 'ORIGIN_NOT_ALLOWED', message, [], { Vary: 'Origin' });
  }

  /** The headers that answer the question whether a page may post. */
  preflight(request: IncomingMessage): Record<string, string> {
    const headers = [...OWN_HEADERS, ...this.policy.headers];
    return {
      ...this.admit(request),
      'Access-Control-Allow-Methods': 'POST',
      'Access-Control-Allow-Headers': headers.join(', '),
      'Access-Control-Max-Age': String(PREFLIGHT_MAX_AGE),
    };
  }

  private get hasAny(): boolean {
    return this.allowed.length > 0;
  }

  private shared(origin: string): Record<string, string> {
    return {
      Vary: 'Origin',
      'Access-Control-Allow-Origin': origin,
      'Access-Control-Expose-Headers': `Retry-After, ${VERDICT}`,
      ...(this.policy.credentials ? { 'Access-Control-Allow-Credentials': 'true' } : {}),
    };
  }
}

export const isPreflight = ({ method, headers }: IncomingMessage): boolean =>
  method === 'OPTIONS' &&
  headers.origin !== undefined &&
  headers['access-control-request-method'] !== undefined;

/**
 * By the browser's own word, which no page can set, also where it keeps the origin to itself (`null`, by the referrer
 * policy `no-referrer`) or a proxy changes the host. By the host otherwise, not the scheme: behind a proxy that ends TLS
 * nobody here knows it.
 */
function isOwn(origin: string, { headers }: IncomingMessage): boolean {
  if (headers['sec-fetch-site'] === 'same-origin') return true;
  const host = headers.host ?? headers[':authority'];
  if (typeof host !== 'string' || !URL.canParse(origin)) return false;
  return withoutUsualPort(new URL(origin).host) === withoutUsualPort(host.toLowerCase());
}

/** Proxies add the port that nobody writes. */
const withoutUsualPort = (host: string): string => host.replace(/:(80|443)$/, '');

const asBrowsersSay = (origin: string): string =>
  origin.toLowerCase().replace(/^(?:(https:.*):443|(http:.*):80)$/, '$1$2');
