import type { Clock } from 'nestjs-once';

/** Real time, moved by a fixed number of milliseconds: it goes on, so that retries and leases do too. */
export class ShiftedClock implements Clock {
  constructor(public offset = 0) {}

  now(): Date {
    return new Date(Date.now() + this.offset);
  }
}
