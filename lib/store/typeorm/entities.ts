/**
 * An event as it stands in the log. For reading: append through `EventLog`. Its table is named by the
 * `eventSourcingEntities` that are among the entities of the DataSource.
 */
export class EventEntity {
  position: number;

  key: string;

  group: string;

  /** JSON text of the transcoder; null where the payload was compressed or encrypted, or there is none. */
  payload: string | null;

  /** `json`, with the steps that it passed; `pruned` where retention has removed it. */
  encoding: string;

  /** JSON text of `EventMetadata`. */
  metadata: string;

  stream: string | null;

  streamVersion: number | null;

  orderKey: string | null;

  /** Epoch milliseconds, like every time in the product's tables. */
  occurredAt: number;

  recordedAt: number;
}

/** An open delivery: pending, running or dead. Finished ones are in a table of their own; `Deliveries` reads both. */
export class DeliveryEntity {
  handlerId: number;

  position: number;

  /** 0 pending, 1 running, 2 dead. */
  state: number;

  dueAt: number;

  attempts: number;

  rescues: number;

  workerId: number | null;

  error: string | null;

  failedAt: number | null;
}
