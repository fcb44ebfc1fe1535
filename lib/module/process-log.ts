import { describe } from '../core/describe.js';
import type { OwnLogger } from '../runtime/logging.js';

/** What a process says of itself: one line for each change of its state. */
export class ProcessLog {
  private isAway = false;
  private leaseLapsed = false;
  private claimsFail = false;

  constructor(private readonly logger: Pick<OwnLogger, 'log' | 'warn'>) {}

  databaseLost(reason: unknown): void {
    this.isAway = true;
    this.logger.warn(`The database cannot be reached (${messageOf(reason)}): waiting for it.`);
  }

  /** After so many milliseconds. */
  databaseReturned(after: number): void {
    const lapsed = 'The lease of this process lapsed meanwhile: what it was handling is handled again.';
    const seconds = Math.max(1, Math.round(after / 1000));
    this.logger.log(`The database is back after ${seconds} s.${this.leaseLapsed ? ` ${lapsed}` : ''}`);
    this.isAway = false;
    this.leaseLapsed = false;
    this.claimsFail = false;
  }

  leaseLost(): void {
    if (this.isAway) this.leaseLapsed = true;
    else this.logger.warn('The lease of this process was lost: what it was handling is left to others.');
  }

  heartbeatFailed(error: unknown): void {
    this.logger.warn(`Heartbeat failed: ${String(error)}`);
  }

  claimFailed(error: unknown): void {
    if (!this.claimsFail) this.logger.warn(`Claiming deliveries failed, trying again: ${String(error)}`);
    this.claimsFail = true;
  }

  promotionFailed(error: unknown): void {
    const late = 'handlers that waited for those of the event class run late, within the lease';
    this.logger.warn(`Making deliveries due failed, ${late}: ${String(error)}`);
  }

  initialisedAgain(): void {
    this.logger.warn(
      'The DataSource was destroyed and initialised again: its writes are listened to again from now on. No source saw what was ' +
        'written in between; a re-scan is requested of every entity that one can make up for.',
    );
  }

  /** So many milliseconds more, at most. */
  shutdownWaits(what: string, left: number): void {
    this.logger.log(`Shutdown waits, ${Math.ceil(left / 1000)} s more at most, for ${what}.`);
  }

  /** Whoever is told to stop by a signal that nobody listens to is dead at once. */
  hooksForgotten(signal: string): void {
    this.logger.warn(
      `Nobody listens to ${signal}: when it comes, running handlers are cut off, and run again once the lease of this process has ` +
        'lapsed. Call app.enableShutdownHooks() before listen().',
    );
  }

  releaseFailed(error: unknown): void {
    if (!this.isAway) this.logger.warn(`Giving up the lease failed: ${String(error)}`);
  }
}

/** Where a host name has several addresses, the error of connecting has no message, but causes. */
function messageOf(reason: unknown): string {
  if (reason instanceof AggregateError && reason.message === '') return messageOf(reason.errors[0]);
  return reason instanceof Error ? reason.message : describe(reason);
}
