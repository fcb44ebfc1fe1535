import type { IncomingMessage } from 'node:http';
import { compilePattern } from '../core/group-pattern.js';
import { RefusedRequestError } from './refused-request.js';

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
    this.allowed = policy.origins.map(compilePattern);
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
      'Access-Control-Expose-Headers': 'Retry-After',
      ...(this.policy.credentials ? { 'Access-Control-Allow-Credentials': 'true' } : {}),
    };
  }
}

export const isPreflight = ({ method, headers }: IncomingMessage): boolean =>
  method === 'OPTIONS' &&
  headers.origin !== undefined &&
  headers['access-control-request-method'] !== undefined;

/** Not the scheme: behind a proxy that ends TLS nobody here knows it. */
function isOwn(origin: string, { headers }: IncomingMessage): boolean {
  const host = headers.host ?? headers[':authority'];
  return typeof host === 'string' && URL.canParse(origin) && new URL(origin).host === host.toLowerCase();
}
