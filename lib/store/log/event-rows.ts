import type { Clock } from '../../core/clock.js';
import { InvalidEventError } from '../../core/errors.js';
import { assertEventInput, checkedTags } from '../../core/event-input.js';
import type { EventMetadata } from '../../core/event.js';
import type { TraceHeaders } from '../../core/telemetry.js';
import type { PayloadCodec } from '../../payload/payload-codec.js';
import { emissionContext } from '../commits/emission-context.js';
import type { Emission } from './event-recorder.js';
import type { HandlerRegistry } from '../registry/handler-registry.js';
import type { EventRow } from '../ports/rows.js';

/** Makes rows of emissions, with the handlers that are to get a delivery. */
export class EventRows {
  constructor(
    private readonly registry: HandlerRegistry,
    private readonly codec: PayloadCodec,
    private readonly clock: Clock,
  ) {}

  /** Throws when the emission is invalid. */
  made({ input, source, snapshots, origin, stream, tags }: Emission, headers?: TraceHeaders): EventRow {
    assertEventInput(input, { origin, stream });
    const now = this.clock.now();
    const payload = this.codec.encode(input.data, { snapshots: snapshots ?? false });
    const targets = this.registry.targetsOf(input.group);
    return {
      key: input.key,
      group: input.group,
      payload: payload.text,
      payloadBytes: payload.bytes,
      encoding: payload.encoding,
      metadata: storedMetadata(input, source, headers),
      stream: stream?.name ?? null,
      streamVersion: stream?.version ?? null,
      orderKey: input.orderKey ?? null,
      occurredAt: (input.occurredAt ?? now).getTime(),
      recordedAt: now.getTime(),
      availableAt: input.availableAt?.getTime() ?? null,
      registryVersion: this.registry.currentVersion,
      tags: tags ? checkedTags(tags) : [],
      handlers: targets,
    };
  }
}

/** An event emitted by a handler carries on the correlation of the event which that one handles. */
function metadataOf(input: Emission['input'], source: string, headers?: TraceHeaders): EventMetadata {
  const cause = emissionContext.getStore();
  return {
    correlationId: cause?.correlationId ?? input.key,
    ...(cause ? { causationId: cause.key } : {}),
    source,
    ...headers,
    ...input.metadata,
  };
}

function storedMetadata(input: Emission['input'], source: string, headers?: TraceHeaders): string {
  try {
    return JSON.stringify(metadataOf(input, source, headers));
  } catch (error) {
    throw new InvalidEventError('metadata', 'what JSON can hold', (error as Error).message);
  }
}
