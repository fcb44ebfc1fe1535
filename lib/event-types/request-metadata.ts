import { clientAddress, type RequestLike } from '../core/client-address.js';
import { describe } from '../core/describe.js';
import { InvalidOptionError } from '../core/errors.js';
import type { EventMetadata } from '../core/event.js';

/** Characters of a `User-Agent` that are kept. */
const LONGEST_AGENT = 512;

/** Who sent the request. */
export function requestMetadata(request: RequestLike, trustedProxies: number): Partial<EventMetadata> {
  if (typeof request?.headers !== 'object' || request.headers === null) {
    const expected = "a request of Express, Fastify or Node's http";
    throw new InvalidOptionError('request', expected, describe(request), 'EventLog.log');
  }
  const ip = clientAddress(request, trustedProxies);
  const agent = request.headers['user-agent'];
  return {
    ...(ip === undefined ? {} : { ip }),
    ...(typeof agent === 'string' ? { userAgent: agent.slice(0, LONGEST_AGENT).toWellFormed() } : {}),
  };
}
