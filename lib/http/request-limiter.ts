import { EventSourcingError } from '../core/errors.js';
import type { ResolvedHttp } from './http-options.js';
import type { RequestLimiter } from './request-limit.js';

/** The limit of requests is on, but nothing is there that could count them. */
export class MissingRateLimiterError extends EventSourcingError {
  readonly code = 'MISSING_RATE_LIMITER';

  constructor(options?: ErrorOptions) {
    super(
      'The option http.rateLimit is on, but the package rate-limiter-flexible cannot be loaded. ' +
        'Install it, npm install rate-limiter-flexible, or choose http: { rateLimit: false }.',
      options,
    );
  }
}

/** The limiter for the option; undefined where requests are not counted. Rejects with `MissingRateLimiterError`. */
export async function requestLimiter(
  rateLimit: ResolvedHttp['rateLimit'],
): Promise<RequestLimiter | undefined> {
  if (rateLimit === false) return undefined;
  if ('consume' in rateLimit) return rateLimit;
  const { RateLimiterMemory } = await load();
  return new RateLimiterMemory({ points: rateLimit.limit, duration: rateLimit.window / 1000 });
}

async function load(): Promise<typeof import('rate-limiter-flexible')> {
  try {
    return await import('rate-limiter-flexible');
  } catch (cause) {
    throw new MissingRateLimiterError({ cause });
  }
}
