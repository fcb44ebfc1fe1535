/** An event on its way into the table. Times are epoch milliseconds. */
export interface EventRow {
  key: string;
  group: string;
  payload: string | null;
  payloadBytes: Uint8Array | null;
  encoding: string;
  metadata: string;
  stream: string | null;
  streamVersion: number | null;
  orderKey: string | null;
  occurredAt: number;
  recordedAt: number;
  availableAt: number | null;
  /** Version of the handler registry that `handlers` was matched under. */
  registryVersion: number;
  /** What it is found by beside its group; each once. */
  tags: readonly string[];
  /** The handlers that get a delivery. */
  handlers: readonly HandlerTarget[];
}

export interface HandlerTarget {
  id: number;
  rank: number;
  /** Its deliveries carry the event's order key, and are handled one at a time in each. Default false. */
  ordered?: boolean;
  /** The worker as whose claim the delivery is created. Default: nobody's, it is pending. */
  workerId?: number;
  /** Milliseconds that its deliveries are put off, for those of lower ranks. Default 0. */
  wait?: number;
}

/**
 * What became of one `EventRow`: it is in the log at that position; or its key was there already, under that group where
 * this could be seen; or that version of that stream was there already, so that nothing of the whole append was recorded.
 * A row of a stream is never known.
 */
export type Appended =
  | { kind: 'recorded'; position: number }
  | { kind: 'known'; group?: string }
  | { kind: 'versionTaken'; stream: string; version: number };

/** The place in the log of what was recorded. */
export function recordedAt(appended: Appended): number | undefined {
  return appended.kind === 'recorded' ? appended.position : undefined;
}

/** A delivery to be created for an event that is in the log. */
export interface DeliveryRow {
  handlerId: number;
  position: number;
  rank: number;
  /** Of the event where the handler is ordered; else null. */
  orderKey: string | null;
  availableAt: number | null;
  /** The worker that has claimed it from the start; undefined: it is pending. */
  workerId?: number;
  /** Milliseconds that it is put off beyond that. Default 0. */
  wait?: number;
}

export const DeliveryState = { pending: 0, running: 1, dead: 2, succeeded: 3, cancelled: 4 } as const;

/** Rescues after which a delivery is claimed alone, and each further one counts as an attempt. */
export const SUSPECT_RESCUES = 3;

/** A delivery that a worker has claimed, with its event as stored. */
export interface ClaimedDelivery {
  handlerId: number;
  position: number;
  /** Failed attempts so far. */
  failures: number;
  /** Starts of its handler that ended one way or another: failed, snoozed or given back. */
  starts: number;
  /** How often it was taken over from a process that died. */
  rescues: number;
  event: StoredEvent;
}

/** Which start of its handler the next one is, 1-based. */
export function attemptOf({ starts, rescues }: ClaimedDelivery): number {
  return starts + rescues + 1;
}

/** An event as it stands in the table. */
export interface StoredEvent {
  position: number;
  key: string;
  group: string;
  payload: string | null;
  payloadBytes: Uint8Array | null;
  encoding: string;
  metadata: string;
  orderKey: string | null;
  occurredAt: number;
  recordedAt: number;
}

export const EVENT_COLUMNS =
  'e.position, e.event_key, e.event_group, e.payload, e.payload_bytes, e.encoding, e.metadata, e.order_key, e.occurred_at, e.recorded_at';

export function storedEvent(row: Record<string, unknown>): StoredEvent {
  return {
    position: Number(row.position),
    key: row.event_key as string,
    group: row.event_group as string,
    payload: row.payload as string | null,
    payloadBytes: bytes(row.payload_bytes as Uint8Array | ArrayBuffer | null),
    encoding: row.encoding as string,
    metadata: row.metadata as string,
    orderKey: row.order_key as string | null,
    occurredAt: Number(row.occurred_at),
    recordedAt: Number(row.recorded_at),
  };
}

/** What of an event an aggregate is made of. */
export type ReplayableEvent = Omit<StoredEvent, 'position' | 'orderKey' | 'recordedAt'>;

export function replayableEvent(row: Record<string, unknown>): ReplayableEvent {
  return {
    key: row.event_key as string,
    group: row.event_group as string,
    payload: row.payload as string | null,
    payloadBytes: bytes(row.payload_bytes as Uint8Array | ArrayBuffer | null),
    encoding: row.encoding as string,
    metadata: (row.metadata as string | null) ?? '',
    occurredAt: Number(row.occurred_at),
  };
}

export function claimedDelivery(row: Record<string, unknown>): ClaimedDelivery {
  return {
    handlerId: Number(row.handler_id),
    position: Number(row.position),
    failures: Number(row.attempts),
    starts: Number(row.starts),
    rescues: Number(row.rescues),
    event: storedEvent(row),
  };
}

/** `libsql` gives them as an `ArrayBuffer`, the other drivers as a `Buffer`. */
function bytes(value: Uint8Array | ArrayBuffer | null): Uint8Array | null {
  return value === null || ArrayBuffer.isView(value) ? value : new Uint8Array(value);
}
