import type { Attributes, Context, Link, Span, Tracer } from '@opentelemetry/api';
import type {
  HandlingResult,
  ScanFigures,
  TraceHeaders,
  WatchedEvent,
  WatchedStart,
} from '../core/telemetry.js';
import { isInstance, messageOf } from '../core/thrown.js';
import type { OpenTelemetryApi } from './api.js';
import { consumerOf, destinationOf, operation } from './attributes.js';

/** By which instrumentations know that they are to make no spans; keys of one name are one key. */
const SUPPRESSED = 'OpenTelemetry SDK Context Key SUPPRESS_TRACING';

/** Spans by the conventions for messaging: append is the producer, each start of a handler a consumer. */
export class Spans {
  private readonly tracer: Tracer;

  constructor(
    private readonly api: OpenTelemetryApi,
    /** Attributes of every span. */
    private readonly common: Attributes,
  ) {
    this.tracer = api.trace.getTracer('nestjs-once');
  }

  unseen<T>(work: () => T): T {
    const { context, createContextKey } = this.api;
    return context.with(context.active().setValue(createContextKey(SUPPRESSED), true), work);
  }

  async append<T>(events: readonly WatchedEvent[], work: (headers: TraceHeaders) => Promise<T>): Promise<T> {
    const { context, propagation, SpanKind, trace } = this.api;
    const span = this.tracer.startSpan(nameOf('append', events), {
      kind: SpanKind.PRODUCER,
      attributes: { ...this.common, ...operation('append', 'send'), ...messagesOf(events) },
    });
    const inside = trace.setSpan(context.active(), span);
    const headers: Record<string, string> = {};
    propagation.inject(inside, headers);
    // It may hold personal data of a request, and a handler is no part of that.
    delete headers.baggage;
    return this.within(span, inside, () => work(headers));
  }

  claimed(events: readonly WatchedEvent[], since: number): void {
    const { ROOT_CONTEXT, SpanKind } = this.api;
    const attributes = { ...this.common, ...operation('claim', 'receive'), ...messagesOf(events) };
    const options = { kind: SpanKind.CLIENT, startTime: since, attributes };
    this.tracer.startSpan(nameOf('claim', events), options, ROOT_CONTEXT).end();
  }

  /** A trace of its own, linked to where the event was recorded: that may be long ago, and it has many handlers. */
  handle<T>(start: WatchedStart, work: () => Promise<T>, resultOf: (value: T) => HandlingResult): Promise<T> {
    const { ROOT_CONTEXT, SpanKind, trace } = this.api;
    const attributes = {
      ...this.common,
      ...operation('handle', 'process'),
      ...destinationOf(start.group),
      ...consumerOf(start.handler),
      'messaging.message.id': start.key,
      'nestjs_once.position': start.position,
      'nestjs_once.attempt': start.attempt,
    };
    const options = { kind: SpanKind.CONSUMER, links: this.linksTo(start), attributes };
    const span = this.tracer.startSpan(`handle ${start.group}`, options, ROOT_CONTEXT);
    return this.within(span, trace.setSpan(ROOT_CONTEXT, span), work, (value) => {
      const { outcome, error } = resultOf(value);
      span.setAttribute('nestjs_once.outcome', outcome);
      if (error !== undefined) this.fail(span, error);
    });
  }

  scan<T>(source: string, entity: string, work: () => Promise<T>, figures: () => ScanFigures): Promise<T> {
    const { context, createContextKey, trace } = this.api;
    // A chore may have begun it.
    const seen = context.active().deleteValue(createContextKey(SUPPRESSED));
    const attributes = { ...this.common, 'nestjs_once.source': source, 'nestjs_once.entity': entity };
    const span = this.tracer.startSpan(`re-scan ${entity}`, { attributes }, seen);
    const inside = trace.setSpan(seen, span);
    const conclude = () => {
      const { rows, events, recorded, failed, interrupted } = figures();
      for (const [name, value] of Object.entries({ rows, events, recorded, failed, interrupted })) {
        span.setAttribute(`nestjs_once.scan.${name}`, value);
      }
    };
    return this.within(span, inside, work, conclude);
  }

  private async within<T>(
    span: Span,
    inside: Context,
    work: () => Promise<T>,
    conclude?: (value: T) => void,
  ): Promise<T> {
    try {
      const value = await this.api.context.with(inside, work);
      conclude?.(value);
      return value;
    } catch (error) {
      this.fail(span, error);
      throw error;
    } finally {
      span.end();
    }
  }

  private fail(span: Span, error: unknown): void {
    const message = messageOf(error);
    span.setStatus({ code: this.api.SpanStatusCode.ERROR, message });
    const exception = isInstance(error, Error) ? error : message;
    try {
      span.recordException(exception);
      span.setAttribute('error.type', typeof exception === 'string' ? '_OTHER' : exception.name);
    } catch {
      // What a handler threw may throw when it is read.
      span.recordException(message);
    }
  }

  private linksTo({ metadata }: WatchedStart): Link[] {
    const { propagation, ROOT_CONTEXT, trace } = this.api;
    const recorded = trace.getSpanContext(propagation.extract(ROOT_CONTEXT, JSON.parse(metadata)));
    return recorded ? [{ context: recorded }] : [];
  }
}

/** With the group where there is one only: names of spans are to be few. */
function nameOf(verb: string, events: readonly WatchedEvent[]): string {
  const group = onlyGroup(events);
  return group === undefined ? verb : `${verb} ${group}`;
}

function messagesOf(events: readonly WatchedEvent[]): Attributes {
  const group = onlyGroup(events);
  return {
    ...(group === undefined ? {} : destinationOf(group)),
    ...(events.length === 1
      ? { 'messaging.message.id': events[0]!.key }
      : { 'messaging.batch.message_count': events.length }),
  };
}

function onlyGroup([first, ...others]: readonly WatchedEvent[]): string | undefined {
  return others.every(({ group }) => group === first?.group) ? first?.group : undefined;
}
