import type { EntitySubscriberInterface } from 'typeorm';
import type { BulkWrites } from './bulk-writes.js';
import type { WriteEvent } from './entity-write.js';
import type { WriteReason } from './source-context.js';
import type { SourceRegistry } from './source-registry.js';

/**
 * Hooks that refuse a bulk write before it is made, as far as it can be told then. Only for `bulkWrites: 'throw'`: where a
 * subscriber has such hooks, TypeORM works out the changes of every save twice.
 */
export function bulkWriteGuard(registry: SourceRegistry, bulkWrites: BulkWrites): EntitySubscriberInterface {
  const refuse = (reason: WriteReason, event: WriteEvent, isBulk: (event: WriteEvent) => boolean) => {
    const sources = registry.touchedBy(event.metadata);
    if (sources.length > 0 && isBulk(event)) bulkWrites.judge(reason, event, sources, false);
  };
  return {
    beforeInsert: (event) => refuse('insert', event, isOutsideOfTransactions),
    beforeUpdate: (event) => refuse('update', event, ({ databaseEntity }) => !databaseEntity),
    beforeRemove: (event) =>
      refuse('remove', event, ({ databaseEntity, entity }) => !databaseEntity && !entity),
    beforeSoftRemove: (event) => refuse('soft-remove', event, ({ entityId }) => entityId === undefined),
    beforeRecover: (event) => refuse('recover', event, ({ entityId }) => entityId === undefined),
  };
}

/**
 * Before an insert TypeORM tells a subscriber of `save` what it tells of a query builder, but `save` has begun a
 * transaction by then, unless it was told not to. Inside of one the insert is noticed after it was made.
 */
function isOutsideOfTransactions({ queryRunner }: WriteEvent): boolean {
  return !queryRunner.isTransactionActive;
}
