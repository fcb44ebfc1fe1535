import type { DataSource } from 'typeorm';
import { EVENT_SOURCING_ENTITIES } from './entities.js';
import type { Tables } from './tables.js';

/** Points the entities at this DataSource's tables: prefix and schema belong to the DataSource, not to the class. */
export function nameEntityTables(
  dataSource: DataSource,
  tables: Tables,
  schemaName: string | undefined,
): void {
  for (const entity of EVENT_SOURCING_ENTITIES) {
    const metadata = dataSource.entityMetadatas.find(({ target }) => target === entity);
    if (!metadata) continue;
    metadata.tableName = tables.plain(metadata.givenTableName!.replace(/^once_/, ''));
    metadata.tablePath = schemaName ? `${schemaName}.${metadata.tableName}` : metadata.tableName;
    if (schemaName) metadata.schema = schemaName;
  }
}
