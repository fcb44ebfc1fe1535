import type { Connectivity } from '../runtime/connectivity.js';
import { type RefusedRequestError, unable } from './refused-request.js';

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

  /** Tells the operator of a class that failed on what may be good data. */
  classFailed(event: string, error: unknown): void {
    this.logger.error(`The class of event "${event}" failed on data posted over HTTP: ${told(error)}`);
  }

  /** The answer to a request that could not be recorded for no fault of its own; the operator is told why. */
  async unavailable(error: unknown): Promise<RefusedRequestError> {
    const away = await this.whenAway();
    if (!away) this.logger.error(`Events posted over HTTP could not be recorded: ${told(error)}`);
    return away ?? unavailable();
  }
}

const unavailable = (): RefusedRequestError =>
  unable('UNAVAILABLE', 'Events cannot be recorded at the moment.');

const told = (error: unknown): string =>
  error instanceof Error ? (error.stack ?? error.message) : String(error);
