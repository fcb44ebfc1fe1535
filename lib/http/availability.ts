import type { Connectivity } from '../runtime/connectivity.js';
import { RefusedRequestError } from './refused-request.js';

const RETRY_AFTER = '5';

/** Whether events can be recorded at all, in the words of an answer. */
export class Availability {
  constructor(
    private readonly connectivity: Pick<Connectivity, 'explainsFailure'>,
    private readonly logger: { error(line: string): void },
  ) {}

  /** The answer when that is what just failed for; undefined when the database is there. */
  async whenAway(): Promise<RefusedRequestError | undefined> {
    return (await this.connectivity.explainsFailure()) ? unavailable() : undefined;
  }

  /** The answer to a request that could not be recorded for no fault of its own; the operator is told why. */
  async unavailable(error: unknown): Promise<RefusedRequestError> {
    const away = await this.whenAway();
    if (!away) this.logger.error(`Events posted over HTTP could not be recorded: ${told(error)}`);
    return away ?? unavailable();
  }
}

const unavailable = (): RefusedRequestError =>
  new RefusedRequestError(
    503,
    'UNAVAILABLE',
    'Events cannot be recorded at the moment. Nothing was recorded: send them again later.',
    [],
    { 'Retry-After': RETRY_AFTER },
  );

const told = (error: unknown): string =>
  error instanceof Error ? (error.stack ?? error.message) : String(error);
