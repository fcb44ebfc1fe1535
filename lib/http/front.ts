import type { IncomingMessage, ServerResponse } from 'node:http';
import { clientAddress, type RequestLike } from '../core/client-address.js';
import type { EventMetadata } from '../core/event.js';
import { requestMetadata } from '../event-types/request-metadata.js';
import { clientNetwork } from './client-network.js';
import { isPreflight, Origins } from './origins.js';
import type { ResolvedHttp } from './http-options.js';
import { bodyFormat, type BodyFormat, MEDIA_TYPES } from './media-type.js';
import { bodyLeft, wasRead } from './parsed-body.js';
import { unable, unsupported } from './refused-request.js';
import { assertPlain, assertSize, readBody } from './request-body.js';
import type { Route } from './route-path.js';
import { countRequest, type RequestLimiter } from './request-limit.js';

/** A request that the front let pass: its body was read, by nobody else. */
export interface Received {
  format: BodyFormat | undefined;
  body: Uint8Array;
  /** Who sent it: what may be stored with its events. */
  sender: Partial<EventMetadata>;
  /** Those of the answer that let a page of another origin see it. */
  cors: Readonly<Record<string, string>>;
}

export interface FrontParts {
  /** Where the route ended up, known when the first request comes. */
  route: () => Route;
  options: Pick<ResolvedHttp, 'bodyLimit' | 'cors' | 'trustedProxies'>;
  limiter: RequestLimiter | undefined;
  logger: { warn(line: string): void; error(line: string): void };
}

const UNTYPED = `The body has no content type: expected ${MEDIA_TYPES.join(', ')}.`;
const UNTRUSTED =
  'Events are posted with X-Forwarded-For, which is not trusted: all visitors behind a proxy have its address, and one ' +
  "rate limit. Set http.trustedProxies to the number of proxies, or the platform's own trust proxy (trustProxy).";
const TAKEN =
  'Events posted over HTTP cannot be recorded: their body is read before the door, and neither request.rawBody nor a parsed ' +
  "body that is enough is left. Put that parser behind Nest's adapter, let it pass by the door's path, or keep the bytes: " +
  'express.json({ verify: (request, response, bytes) => { request.rawBody = bytes; } }).';
const ALWAYS = { 'X-Content-Type-Options': 'nosniff', 'Cache-Control': 'no-store' };

/**
 * What comes before the application's own body parsers: where a request comes from, how many there were, its body. It
 * knows the messages of Node alone; how they come here is each adapter's own.
 */
export class Front {
  private readonly origins: Origins;
  private readonly received = new WeakMap<IncomingMessage, Received>();
  private readonly told = new Set<string>();
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

  /**
   * Checks a request and reads its body; `source` is the same request as the platform sees it, `setHeaders` is told those
   * of the answer. Throws `RefusedRequestError`.
   */
  async receive(
    request: IncomingMessage,
    source: RequestLike,
    setHeaders: (headers: Record<string, string>) => void,
  ): Promise<void> {
    const { limiter } = this.parts;
    setHeaders(ALWAYS);
    const cors = this.origins.admit(request);
    setHeaders(cors);
    const sender = this.senderOf(request, source);
    if (limiter) await countRequest(limiter, clientNetwork(sender.ip ?? ''));
    const format = bodyFormat(request.headers['content-type']);
    const body = await this.bodyOf(request, format);
    if (body.length > 0 && !format) throw unsupported('UNSUPPORTED_MEDIA_TYPE', UNTYPED);
    this.received.set(request, { format, body, sender, cors });
  }

  /** Puts the door's answer to other origins in the place of one that was set since, such as by `app.enableCors()`. */
  reclaim(request: IncomingMessage, response: ServerResponse): void {
    const cors = this.received.get(request)?.cors;
    if (!cors) return;
    for (const name of response.getHeaderNames())
      if (name.startsWith('access-control-')) response.removeHeader(name);
    for (const [name, value] of Object.entries(cors)) response.setHeader(name, value);
  }

  private senderOf(request: IncomingMessage, source: RequestLike): Partial<EventMetadata> {
    const { trustedProxies } = this.parts.options;
    const sender = requestMetadata(source, trustedProxies);
    const isForwarded = request.headers['x-forwarded-for'] !== undefined && trustedProxies === 0;
    const { headers, socket } = request;
    if (isForwarded && sender.ip === clientAddress({ headers, socket }, 0)) this.tell('warn', UNTRUSTED);
    return sender;
  }

  private async bodyOf(request: IncomingMessage, format: BodyFormat | undefined): Promise<Uint8Array> {
    const { bodyLimit } = this.parts.options;
    assertPlain(request);
    if (!wasRead(request)) return readBody(request, bodyLimit);
    const body = bodyLeft(request, format);
    if (body) return assertSize(body, bodyLimit);
    this.tell('error', TAKEN);
    throw unable('BODY_TAKEN', 'The body was read by something before the door.');
  }

  /** The operator, once. */
  private tell(level: 'warn' | 'error', line: string): void {
    if (this.told.has(line)) return;
    this.told.add(line);
    this.parts.logger[level](line);
  }

  /** What was received with a request; undefined where it did not come this way. */
  receivedWith(request: IncomingMessage): Received | undefined {
    return this.received.get(request);
  }
}
