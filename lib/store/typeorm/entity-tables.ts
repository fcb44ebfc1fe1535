import type { LoggerService } from '@nestjs/common';
import type { DataSource, EntityMetadata } from 'typeorm';
import { DeliveryEntity, EventEntity } from './entities.js';
import { messageOf } from '../../core/thrown.js';
import { DEFAULT_PREFIX, type TableNaming } from '../ports/tables.js';

const TABLES = [
  [EventEntity, 'event'],
  [DeliveryEntity, 'delivery'],
] as const;

/**
 * Warns where the entities of the log stand for other tables than the log's. No error: the log itself does not need
 * them, and with `entityPrefix` an application may be unable to name them as the log's.
 */
export function warnOfOtherTables(
  dataSource: DataSource,
  naming: TableNaming,
  logger: Pick<LoggerService, 'warn'>,
): void {
  const found = TABLES.flatMap(([target, suffix]) => {
    const metadata = dataSource.entityMetadatas.findLast((each) => each.target === target);
    const isOther = metadata && !isTable(metadata, `${naming.prefix}${suffix}`, naming.schemaName);
    return isOther ? [`${target.name} reads the table "${metadata.tablePath}"`] : [];
  });
  if (found.length === 0) return;
  const { prefix, schemaName } = naming;
  const log = (schemaName === undefined ? '' : `${schemaName}.`) + `${prefix}event`;
  logger.warn(
    `${found.join(', ')}: expected the tables of the log, which is in "${log}". Recording and handling are as they ` +
      `should be, these repositories are not. ${cure(dataSource, naming)}`,
  );
}

/**
 * Warns where the application's naming strategy gives the columns of these entities names that the tables do not have; a
 * database that compares names without case finds them all the same. To be called when the tables are there.
 */
export async function warnOfOtherColumns(
  dataSource: DataSource,
  logger: Pick<LoggerService, 'warn'>,
): Promise<void> {
  for (const [target] of TABLES) {
    const metadata = dataSource.entityMetadatas.findLast((each) => each.target === target);
    const renamed = metadata?.columns.find((column) => column.databaseName !== column.givenDatabaseName);
    if (!metadata || !renamed) continue;
    const look = dataSource.getRepository(target).find({ take: 1, cache: false });
    await look.catch((error: unknown) => {
      logger.warn(
        `${target.name} cannot be read: ${messageOf(error)}. Expected the columns of the log, but the namingStrategy of the ` +
          `DataSource makes "${renamed.databaseName}" of "${renamed.givenDatabaseName}". Recording and handling are as they ` +
          'should be. Let the strategy keep names that entities give, or read with EventLog and Deliveries instead.',
      );
    });
  }
}

function isTable(metadata: EntityMetadata, table: string, schemaName: string | undefined): boolean {
  const { tableName, schema } = metadata;
  // PostgreSQL's driver in TypeORM knows the schema that names without one are in.
  const { searchSchema } = metadata.dataSource.driver as { searchSchema?: string };
  return tableName === table && (schema ?? searchSchema) === (schemaName ?? searchSchema);
}

function cure({ options }: DataSource, { prefix, schemaName }: TableNaming): string {
  if (options.entityPrefix)
    return (
      `TypeORM puts the DataSource's entityPrefix "${options.entityPrefix}" before every table: read with ` +
      'EventLog and Deliveries instead, or leave entityPrefix out.'
    );
  const schema = schemaName ?? (options as { schema?: string }).schema;
  const naming = [
    prefix === DEFAULT_PREFIX ? [] : `prefix: '${prefix}'`,
    schema === undefined ? [] : `schemaName: '${schema}'`,
  ];
  const given = naming.flat().join(', ');
  return (
    `Give the DataSource entities: eventSourcingEntities(${given && `{ ${given} }`}) and forRoot the same, and with ` +
    'autoLoadEntities each DataSource of the process a name of its own.'
  );
}
