import type { Clock } from '../../core/clock.js';
import { InvalidEventError } from '../../core/errors.js';
import { assertEventInput, checkedTags } from '../../core/event-input.js';
import type { EventMetadata } from '../../core/event.js';
import type { TraceHeaders } from '../../core/telemetry.js';
import type { StoredPayload } from '../../core/stored-payload.js';
import type { PayloadCodec } from '../../payload/payload-codec.js';
import { emissionContext } from '../commits/emission-context.js';
import type { Emission } from './event-recorder.js';
import type { HandlerRegistry } from '../registry/handler-registry.js';
import type { EventRow } from '../ports/rows.js';

/** What a row of an emission is made with. */
export interface RowParts {
  registry: HandlerRegistry;
  codec: PayloadCodec;
  database: { clock: Clock };
}

/** The row of an emission, with the handlers that are to get a delivery. Throws when the emission is invalid. */
export function eventRow(
  emission: Emission,
  { registry, codec, database }: RowParts,
  headers?: TraceHeaders,
): EventRow {
  const { input, source, stream, tags } = emission;
  assertEventInput(input, emission);
  const now = database.clock.now();
  const payload = payloadOf(emission, codec);
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
    registryVersion: registry.currentVersion,
    tags: tagsOf(input.tags, tags),
    handlers: registry.targetsOf(input.group),
  };
}

const NONE: readonly string[] = [];

function tagsOf(own: readonly string[] | undefined, added: readonly string[] | undefined): readonly string[] {
  if (!own) return added ? checkedTags(added) : NONE;
  return checkedTags(added ? [...own, ...added] : own);
}

function payloadOf({ input, sealed, snapshots, pipeline }: Emission, codec: PayloadCodec): StoredPayload {
  const data = sealed ? sealed.data : input.data;
  return codec.encode(data, { snapshots: snapshots ?? false, owner: input, pipeline });
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
