import { Column, Entity, PrimaryColumn } from 'typeorm';
import { bigintNumber } from './bigint-number.js';

/**
 * An event as it stands in the log. For reading: append through `EventLog`. The table is the migrations' business, so
 * TypeORM does not synchronise it.
 */
@Entity({ name: 'once_event', synchronize: false })
export class EventEntity {
  @PrimaryColumn({ type: 'bigint', transformer: bigintNumber })
  position: number;

  @Column({ name: 'event_key', type: 'varchar' })
  key: string;

  @Column({ name: 'event_group', type: 'varchar' })
  group: string;

  /** JSON text of the transcoder; null where the payload was compressed or encrypted, or there is none. */
  @Column({ type: 'text', nullable: true })
  payload: string | null;

  /** `json`, with the steps that it passed; `pruned` where retention has removed it. */
  @Column({ type: 'varchar' })
  encoding: string;

  /** JSON text of `EventMetadata`. */
  @Column({ type: 'text' })
  metadata: string;

  @Column({ type: 'varchar', nullable: true })
  stream: string | null;

  @Column({ name: 'stream_version', type: 'bigint', nullable: true, transformer: bigintNumber })
  streamVersion: number | null;

  @Column({ name: 'order_key', type: 'varchar', nullable: true })
  orderKey: string | null;

  /** Epoch milliseconds, like every time in the product's tables. */
  @Column({ name: 'occurred_at', type: 'bigint', transformer: bigintNumber })
  occurredAt: number;

  @Column({ name: 'recorded_at', type: 'bigint', transformer: bigintNumber })
  recordedAt: number;
}

/** An open delivery: pending, running or dead. Finished ones are in a table of their own; `Deliveries` reads both. */
@Entity({ name: 'once_delivery', synchronize: false })
export class DeliveryEntity {
  @PrimaryColumn({ name: 'handler_id', type: 'int' })
  handlerId: number;

  @PrimaryColumn({ type: 'bigint', transformer: bigintNumber })
  position: number;

  /** 0 pending, 1 running, 2 dead. */
  @Column({ type: 'smallint' })
  state: number;

  @Column({ name: 'due_at', type: 'bigint', transformer: bigintNumber })
  dueAt: number;

  @Column({ type: 'int' })
  attempts: number;

  @Column({ type: 'int' })
  rescues: number;

  @Column({ name: 'worker_id', type: 'bigint', nullable: true, transformer: bigintNumber })
  workerId: number | null;

  @Column({ type: 'text', nullable: true })
  error: string | null;

  @Column({ name: 'failed_at', type: 'bigint', nullable: true, transformer: bigintNumber })
  failedAt: number | null;
}

/** For the `entities` of a DataSource without `autoLoadEntities`. */
export const EVENT_SOURCING_ENTITIES = [EventEntity, DeliveryEntity];
