import { EntitySchema, type EntitySchemaColumnOptions } from 'typeorm';
import { bigintNumber } from '../ports/bigint-number.js';
import { DeliveryEntity, EventEntity } from './entities.js';
import { DEFAULT_PREFIX, type TableNaming } from '../ports/tables.js';

type Columns<T> = Record<keyof T, EntitySchemaColumnOptions>;

// Every name is given, so that no naming strategy of the application decides on one.
const EVENT_COLUMNS: Columns<EventEntity> = {
  position: { name: 'position', type: 'bigint', primary: true, transformer: bigintNumber },
  key: { name: 'event_key', type: 'varchar' },
  group: { name: 'event_group', type: 'varchar' },
  payload: { name: 'payload', type: 'text', nullable: true },
  encoding: { name: 'encoding', type: 'varchar' },
  metadata: { name: 'metadata', type: 'text' },
  stream: { name: 'stream', type: 'varchar', nullable: true },
  streamVersion: { name: 'stream_version', type: 'bigint', nullable: true, transformer: bigintNumber },
  orderKey: { name: 'order_key', type: 'varchar', nullable: true },
  occurredAt: { name: 'occurred_at', type: 'bigint', transformer: bigintNumber },
  recordedAt: { name: 'recorded_at', type: 'bigint', transformer: bigintNumber },
};

const DELIVERY_COLUMNS: Columns<DeliveryEntity> = {
  handlerId: { name: 'handler_id', type: 'int', primary: true },
  position: { name: 'position', type: 'bigint', primary: true, transformer: bigintNumber },
  state: { name: 'state', type: 'smallint' },
  dueAt: { name: 'due_at', type: 'bigint', transformer: bigintNumber },
  attempts: { name: 'attempts', type: 'int' },
  rescues: { name: 'rescues', type: 'int' },
  workerId: { name: 'worker_id', type: 'bigint', nullable: true, transformer: bigintNumber },
  error: { name: 'error', type: 'text', nullable: true },
  failedAt: { name: 'failed_at', type: 'bigint', nullable: true, transformer: bigintNumber },
};

/**
 * `EventEntity` and `DeliveryEntity` for the `entities` of a DataSource: give the `prefix` and `schemaName` that `forRoot`
 * is given. The tables are the migrations' business, so TypeORM does not synchronise them.
 */
export function eventSourcingEntities(naming: Partial<TableNaming> = {}): EntitySchema[] {
  return [
    entitySchema(EventEntity, 'event', EVENT_COLUMNS, naming),
    entitySchema(DeliveryEntity, 'delivery', DELIVERY_COLUMNS, naming),
  ];
}

/** `eventSourcingEntities()` with the default prefix, for the `entities` of a DataSource without `autoLoadEntities`. */
export const EVENT_SOURCING_ENTITIES = eventSourcingEntities();

const addedByModule = new Map<string | undefined, EntitySchema[]>();

/**
 * The entities that the module adds to a DataSource with `autoLoadEntities`. Nest collects such entities by the name of
 * the DataSource for as long as the process lives, so that the next application of a process, as in tests, would have
 * two of each: per name they are the same two objects, with the naming that was given last.
 */
export function moduleEntities(dataSource: string | undefined, naming: Partial<TableNaming>): EntitySchema[] {
  const made = eventSourcingEntities(naming);
  const known = addedByModule.get(dataSource);
  if (!known) addedByModule.set(dataSource, made);
  known?.forEach((schema, index) => (schema.options = made[index]!.options));
  return known ?? made;
}

function entitySchema<T>(
  target: new () => T,
  table: string,
  columns: Columns<T>,
  { prefix = DEFAULT_PREFIX, schemaName }: Partial<TableNaming>,
): EntitySchema<T> {
  return new EntitySchema<T>({
    name: target.name,
    target,
    tableName: `${prefix}${table}`,
    ...(schemaName === undefined ? {} : { schema: schemaName }),
    synchronize: false,
    columns,
  });
}
