import type {
  Attributes,
  BatchObservableCallback,
  Counter,
  Histogram,
  Meter,
  Observable,
} from '@opentelemetry/api';
import type {
  FollowerLag,
  FollowerSetback,
  HandlerBacklog,
  HandlerClaims,
  HandlingOutcome,
} from '../core/telemetry.js';
import type { OpenTelemetryApi } from './api.js';
import { consumerOf, destinationOf } from './attributes.js';
import { atMostEvery } from './at-most-every.js';
import { FollowerMetrics } from './follower-metrics.js';

/** Milliseconds for which a reading of the backlog serves all who collect. */
const BACKLOG_EVERY = 5000;

/** Seconds: from a handler that does next to nothing to the default timeout. */
const DURATIONS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];

/** Counts, durations and what is waiting. */
export class Metrics {
  private readonly meter: Meter;
  private readonly recordedEvents: Counter;
  private readonly handled: Counter;
  private readonly failed: Counter;
  private readonly retries: Counter;
  private readonly dead: Counter;
  private readonly duration: Histogram;
  private readonly lag: Observable;
  private readonly backlog: Observable;
  private readonly running: Observable;
  private readonly claimed: Observable;
  private readonly followers: FollowerMetrics;
  /** Taken back on `close`. */
  private readonly watched: [BatchObservableCallback, Observable[]][] = [];

  constructor(
    api: OpenTelemetryApi,
    /** Attributes of every measurement. */
    private readonly common: Attributes,
  ) {
    this.meter = api.metrics.getMeter('nestjs-once');
    const counter = (name: string, unit: string, description: string) =>
      this.meter.createCounter(`nestjs_once.${name}`, { unit, description });
    this.recordedEvents = counter('events.recorded', '{event}', 'Events that were committed');
    this.handled = counter('deliveries.handled', '{delivery}', 'Deliveries that succeeded');
    this.failed = counter('deliveries.failed', '{attempt}', 'Attempts that failed');
    this.retries = counter('deliveries.retries', '{attempt}', 'Failed attempts that are followed by another');
    this.dead = counter('deliveries.dead', '{delivery}', 'Deliveries that are not tried again');
    this.duration = this.meter.createHistogram('nestjs_once.handler.duration', {
      unit: 's',
      description: 'One start of a handler, until its result is known',
      advice: { explicitBucketBoundaries: DURATIONS },
    });
    this.lag = this.gauge('deliveries.lag', 's', 'How long the oldest due delivery has been waiting');
    this.backlog = this.gauge('deliveries.backlog', '{delivery}', 'Due deliveries that nobody has claimed');
    this.running = this.gauge('deliveries.running', '{delivery}', 'Deliveries that run in this process');
    this.claimed = this.gauge('deliveries.claimed', '{delivery}', 'Deliveries that wait here for a slot');
    this.followers = new FollowerMetrics(this.meter, common);
  }

  recorded(group: string): void {
    this.recordedEvents.add(1, { ...this.common, ...destinationOf(group) });
  }

  /** `seconds` is how long the handler ran. */
  ran(handler: string, group: string, outcome: HandlingOutcome, seconds: number): void {
    this.duration.record(seconds, { ...this.of(handler, group), 'nestjs_once.outcome': outcome });
  }

  settled(handler: string, group: string, outcome: HandlingOutcome): void {
    const attributes = this.of(handler, group);
    if (outcome === 'succeeded') this.handled.add(1, attributes);
    if (outcome === 'retry' || outcome === 'dead') this.failed.add(1, attributes);
    if (outcome === 'retry') this.retries.add(1, attributes);
    if (outcome === 'dead') this.dead.add(1, attributes);
  }

  passed(follower: string, events: number): void {
    this.followers.passed(follower, events);
  }

  setBack(follower: string, group: string, then: FollowerSetback): void {
    this.followers.setBack(follower, group, then);
  }

  watchFollowers(read: () => Promise<readonly FollowerLag[]>): void {
    const { gauges } = this.followers;
    const reading = atMostEvery(BACKLOG_EVERY, read);
    this.watch(gauges, async (result) => this.followers.observe(result, await reading().catch(() => [])));
  }

  watchBacklog(read: () => Promise<readonly HandlerBacklog[]>): void {
    const reading = atMostEvery(BACKLOG_EVERY, read);
    this.watch([this.lag, this.backlog], async (result) => {
      // Without the database there is nothing to tell; its absence shows elsewhere.
      for (const { handler, due, lag } of await reading().catch(() => [])) {
        const attributes = { ...this.common, ...consumerOf(handler) };
        result.observe(this.lag, lag / 1000, attributes);
        result.observe(this.backlog, due, attributes);
      }
    });
  }

  watchClaims(read: () => readonly HandlerClaims[]): void {
    this.watch([this.running, this.claimed], (result) => {
      for (const { handler, running, claimed } of read()) {
        const attributes = { ...this.common, ...consumerOf(handler) };
        result.observe(this.running, running, attributes);
        result.observe(this.claimed, claimed, attributes);
      }
    });
  }

  close(): void {
    for (const watched of this.watched.splice(0)) this.meter.removeBatchObservableCallback(...watched);
  }

  private watch(gauges: Observable[], observe: BatchObservableCallback): void {
    this.watched.push([observe, gauges]);
    this.meter.addBatchObservableCallback(observe, gauges);
  }

  private of(handler: string, group: string): Attributes {
    return { ...this.common, ...consumerOf(handler), ...destinationOf(group) };
  }

  private gauge(name: string, unit: string, description: string): Observable {
    return this.meter.createObservableGauge(`nestjs_once.${name}`, { unit, description });
  }
}
