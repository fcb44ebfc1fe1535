import type { Clock } from '../core/clock.js';
import { type Duration, milliseconds } from '../core/duration.js';

/** A clock that stands still until it is told to move. Give it as `forRoot({ clock })`. */
export class FixedClock implements Clock {
  private time: number;

  constructor(time: Date | string | number = '2026-01-01T00:00:00Z') {
    this.time = new Date(time).getTime();
  }

  now(): Date {
    return new Date(this.time);
  }

  set(time: Date | string | number): void {
    this.time = new Date(time).getTime();
  }

  /** Moves it on, by milliseconds or a string such as `'3d'`. */
  advance(duration: Duration): void {
    this.time += milliseconds(duration, 'duration', 'FixedClock.advance');
  }
}
