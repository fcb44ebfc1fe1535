import type { Attributes, BatchObservableResult, Counter, Meter, Observable } from '@opentelemetry/api';
import type { FollowerLag, FollowerSetback } from '../core/telemetry.js';
import { consumerOf, destinationOf } from './attributes.js';

/** What followers have done, and how far they are behind. */
export class FollowerMetrics {
  private readonly handled: Counter;
  private readonly failed: Counter;
  private readonly skipped: Counter;
  private readonly parkings: Counter;
  private readonly lag: Observable;
  private readonly backlog: Observable;
  private readonly parked: Observable;

  constructor(
    meter: Meter,
    /** Attributes of every measurement. */
    private readonly common: Attributes,
  ) {
    const counter = (name: string, unit: string, description: string) =>
      meter.createCounter(`nestjs_once.followers.${name}`, { unit, description });
    const gauge = (name: string, unit: string, description: string) =>
      meter.createObservableGauge(`nestjs_once.followers.${name}`, { unit, description });
    this.handled = counter('handled', '{event}', 'Events that followers have handled');
    this.failed = counter('failed', '{attempt}', 'Attempts of followers that failed');
    this.skipped = counter('skipped', '{event}', 'Events that followers gave up');
    this.parkings = counter('parkings', '{event}', 'Events whose streams followers have parked');
    this.lag = gauge(
      'lag',
      's',
      'How long the first event that a follower has not passed has been in the log',
    );
    this.backlog = gauge('backlog', '{position}', 'Positions from a follower to the end of the log');
    this.parked = gauge('parked', '{event}', 'Events that a follower keeps back');
  }

  get gauges(): Observable[] {
    return [this.lag, this.backlog, this.parked];
  }

  passed(follower: string, events: number): void {
    if (events > 0) this.handled.add(events, { ...this.common, ...consumerOf(follower) });
  }

  setBack(follower: string, group: string, then: FollowerSetback): void {
    const attributes = { ...this.common, ...consumerOf(follower), ...destinationOf(group) };
    this.failed.add(1, attributes);
    if (then === 'skip') this.skipped.add(1, attributes);
    if (then === 'park') this.parkings.add(1, attributes);
  }

  observe(result: BatchObservableResult, lags: readonly FollowerLag[]): void {
    for (const { follower, positions, seconds, parked } of lags) {
      const attributes = { ...this.common, ...consumerOf(follower) };
      result.observe(this.lag, seconds, attributes);
      result.observe(this.backlog, positions, attributes);
      result.observe(this.parked, parked, attributes);
    }
  }
}
