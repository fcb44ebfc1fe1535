import { RefusedRequestError, unable } from './refused-request.js';

/** What counts requests: any limiter of `rate-limiter-flexible`, such as one that counts for several processes. */
export interface RequestLimiter {
  /** Resolves while the client may go on; rejects with `{ msBeforeNext }` when it may not. */
  consume(client: string): Promise<unknown>;
}

/** Counts a request. `RefusedRequestError`: 429 for one too many, 503 where the limiter's own store fails. */
export async function countRequest(limiter: RequestLimiter, client: string): Promise<void> {
  try {
    await limiter.consume(client);
  } catch (refusal) {
    throw refused(refusal);
  }
}

function refused(refusal: unknown): RefusedRequestError {
  const { msBeforeNext } = (refusal ?? {}) as { msBeforeNext?: number };
  if (typeof msBeforeNext !== 'number') {
    return unable('LIMITER_UNAVAILABLE', 'Requests cannot be counted at the moment.');
  }
  const seconds = String(Math.max(1, Math.ceil(msBeforeNext / 1000)));
  const message = `Too many requests. Nothing was recorded: send it again after ${seconds} s.`;
  return new RefusedRequestError(429, 'TOO_MANY_REQUESTS', message, [], { 'Retry-After': seconds });
}
