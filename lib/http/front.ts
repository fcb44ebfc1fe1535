import type { IncomingMessage } from 'node:http';
import { clientAddress } from '../core/client-address.js';
import { clientNetwork } from './client-network.js';
import { isPreflight, Origins } from './origins.js';
import type { ResolvedHttp } from './http-options.js';
import { bodyFormat, type BodyFormat, MEDIA_TYPES } from './media-type.js';
import { unsupported } from './refused-request.js';
import { readBody } from './request-body.js';
import type { Route } from './route-path.js';
import { countRequest, type RequestLimiter } from './request-limit.js';

/** A request that the front let pass: its body was read, by nobody else. */
export interface Received {
  format: BodyFormat | undefined;
  body: Uint8Array;
}

export interface FrontParts {
  /** Where the route ended up, known when the first request comes. */
  route: () => Route;
  options: Pick<ResolvedHttp, 'bodyLimit' | 'cors' | 'trustedProxies'>;
  limiter: RequestLimiter | undefined;
}

const UNTYPED = `The body has no content type: expected ${MEDIA_TYPES.join(', ')}.`;
const ALWAYS = { 'X-Content-Type-Options': 'nosniff', 'Cache-Control': 'no-store' };

/**
 * What comes before the application's own body parsers: where a request comes from, how many there were, its body. It
 * knows the messages of Node alone; how they come here is each adapter's own.
 */
export class Front {
  private readonly origins: Origins;
  private readonly received = new WeakMap<IncomingMessage, Received>();
  private known?: Route;

  constructor(private readonly parts: FrontParts) {
    this.origins = new Origins(parts.options.cors);
  }

  get route(): Route {
    return (this.known ??= this.parts.route());
  }

  /** Whether a request goes to the door, in whatever spelling a router takes for the same path. */
  isFor({ url = '', method }: IncomingMessage): boolean {
    if (method !== 'POST' && method !== 'OPTIONS') return false;
    const { path } = this.route;
    const [asked = ''] = url.split('?', 1);
    if (asked.length < path.length || asked.length > path.length + 1) return false;
    return asked.toLowerCase().replace(/\/$/, '') === path.toLowerCase();
  }

  /** The headers of a preflight's answer; undefined for any other request. Throws `RefusedRequestError`. */
  preflight(request: IncomingMessage): Record<string, string> | undefined {
    return isPreflight(request) ? { ...ALWAYS, ...this.origins.preflight(request) } : undefined;
  }

  /** Checks a request and reads its body; `setHeaders` is told those of the answer. Throws `RefusedRequestError`. */
  async receive(
    request: IncomingMessage,
    setHeaders: (headers: Record<string, string>) => void,
  ): Promise<void> {
    const { limiter, options } = this.parts;
    setHeaders(ALWAYS);
    setHeaders(this.origins.admit(request));
    if (limiter)
      await countRequest(limiter, clientNetwork(clientAddress(request, options.trustedProxies) ?? ''));
    const format = bodyFormat(request.headers['content-type']);
    const body = await readBody(request, options.bodyLimit);
    if (body.length > 0 && !format) throw unsupported('UNSUPPORTED_MEDIA_TYPE', UNTYPED);
    this.received.set(request, { format, body });
  }

  /** What was received with a request; undefined where it did not come this way. */
  receivedWith(request: IncomingMessage): Received | undefined {
    return this.received.get(request);
  }
}
