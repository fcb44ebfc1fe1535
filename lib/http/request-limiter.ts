import { EventSourcingError } from '../core/errors.js';
import { ifInstalled } from '../core/optional-package.js';
import type { ResolvedHttp } from './http-options.js';
import type { RequestLimiter } from './request-limit.js';

/** The limit of requests is on, but nothing is there that could count them. */
export class MissingRateLimiterError extends EventSourcingError {
  readonly code = 'MISSING_RATE_LIMITER';

  constructor() {
    super(
      'The option http.rateLimit is on, but the package rate-limiter-flexible is not installed. ' +
        'Install it, npm install rate-limiter-flexible, or choose http: { rateLimit: false }.',
    );
  }
}

/** The limiter for the option; undefined where requests are not counted. Rejects with `MissingRateLimiterError`. */
export async function requestLimiter(
  rateLimit: ResolvedHttp['rateLimit'],
): Promise<RequestLimiter | undefined> {
  if (rateLimit === false) return undefined;
  if ('consume' in rateLimit) return rateLimit;
  const name = 'rate-limiter-flexible';
  const limiters = await ifInstalled(name, () => import('rate-limiter-flexible'));
  if (!limiters) throw new MissingRateLimiterError();
  return new limiters.RateLimiterMemory({ points: rateLimit.limit, duration: rateLimit.window / 1000 });
}
