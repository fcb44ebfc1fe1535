import type { Logger } from '@nestjs/common';
import { describe } from '../core/describe.js';

/** What a process says of itself: one line for each change of its state. */
export class ProcessLog {
  private isAway = false;
  private leaseLapsed = false;
  private claimsFail = false;

  constructor(private readonly logger: Pick<Logger, 'log' | 'warn'>) {}

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

  releaseFailed(error: unknown): void {
    if (!this.isAway) this.logger.warn(`Giving up the lease failed: ${String(error)}`);
  }
}

/** Where a host name has several addresses, the error of connecting has no message, but causes. */
function messageOf(reason: unknown): string {
  if (reason instanceof AggregateError && reason.message === '') return messageOf(reason.errors[0]);
  return reason instanceof Error ? reason.message : describe(reason);
}
