import type { Attributes } from '@opentelemetry/api';
import type {
  FollowerLag,
  FollowerSetback,
  HandlerBacklog,
  HandlerClaims,
  HandlingOutcome,
  HandlingResult,
  ScanFigures,
  Telemetry,
  TraceHeaders,
  WatchedEvent,
  WatchedStart,
} from '../core/telemetry.js';
import type { OpenTelemetryApi } from './api.js';
import { Metrics } from './metrics.js';
import { Spans } from './spans.js';

/** Spans and metrics through `@opentelemetry/api`, to whatever SDK the application has registered there. */
export class OpenTelemetry implements Telemetry {
  readonly enabled = true;
  private readonly spans: Spans;
  private readonly metrics: Metrics;

  constructor(api: OpenTelemetryApi, common: Attributes) {
    this.spans = new Spans(api, common);
    this.metrics = new Metrics(api, common);
  }

  unseen<T>(work: () => T): T {
    return this.spans.unseen(work);
  }

  append<T>(events: readonly WatchedEvent[], work: (headers: TraceHeaders) => Promise<T>): Promise<T> {
    return this.spans.append(events, work);
  }

  recorded(group: string): void {
    this.metrics.recorded(group);
  }

  claimed(events: readonly WatchedEvent[], since: number): void {
    this.spans.claimed(events, since);
  }

  handle<T>(start: WatchedStart, work: () => Promise<T>, resultOf: (value: T) => HandlingResult): Promise<T> {
    const began = performance.now();
    return this.spans.handle(start, work, (value) => {
      const result = resultOf(value);
      const seconds = (performance.now() - began) / 1000;
      this.metrics.ran(start.handler, start.group, result.outcome, seconds);
      return result;
    });
  }

  settled(handler: string, group: string, outcome: HandlingOutcome): void {
    this.metrics.settled(handler, group, outcome);
  }

  passed(follower: string, events: number): void {
    this.metrics.passed(follower, events);
  }

  setBack(follower: string, group: string, then: FollowerSetback): void {
    this.metrics.setBack(follower, group, then);
  }

  scan<T>(source: string, entity: string, work: () => Promise<T>, figures: () => ScanFigures): Promise<T> {
    return this.spans.scan(source, entity, work, figures);
  }

  watchBacklog(read: () => Promise<readonly HandlerBacklog[]>): void {
    this.metrics.watchBacklog(read);
  }

  watchClaims(read: () => readonly HandlerClaims[]): void {
    this.metrics.watchClaims(read);
  }

  watchFollowers(read: () => Promise<readonly FollowerLag[]>): void {
    this.metrics.watchFollowers(read);
  }

  close(): void {
    this.metrics.close();
  }
}
