import type { EntitySubscriberInterface } from 'typeorm';
import type { BulkWrites } from './bulk-writes.js';
import type { WriteEvent } from './entity-write.js';
import type { WriteReason } from './source-context.js';
import type { SourceRegistry } from './source-registry.js';

/**
 * Hooks that refuse a bulk write before it is made. Only for `bulkWrites: 'throw'`: where a subscriber has such hooks,
 * TypeORM works out the changes of every save twice.
 */
export function bulkWriteGuard(registry: SourceRegistry, bulkWrites: BulkWrites): EntitySubscriberInterface {
  const refuse = (reason: WriteReason, event: WriteEvent, isBulk: (event: WriteEvent) => boolean) => {
    const sources = registry.touchedBy(event.metadata);
    if (sources.length > 0 && isBulk(event)) bulkWrites.judge(reason, event, sources, false);
  };
  return {
    beforeInsert: (event) => refuse('insert', event, isInsertedByQueryBuilder),
    beforeUpdate: (event) => refuse('update', event, ({ databaseEntity }) => !databaseEntity),
    beforeRemove: (event) =>
      refuse('remove', event, ({ databaseEntity, entity }) => !databaseEntity && !entity),
    beforeSoftRemove: (event) => refuse('soft-remove', event, ({ entityId }) => entityId === undefined),
    beforeRecover: (event) => refuse('recover', event, ({ entityId }) => entityId === undefined),
  };
}

/**
 * Before an insert TypeORM tells a subscriber the same of `save` and of a query builder; only the call stack differs.
 * Where neither class is named there (minified code) the answer is no, and the write is noticed after it was made.
 */
function isInsertedByQueryBuilder(): boolean {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 30;
  const stack = new Error().stack ?? '';
  Error.stackTraceLimit = stackTraceLimit;
  return /\b(InsertQueryBuilder|SubjectExecutor)\b/.exec(stack)?.[1] === 'InsertQueryBuilder';
}
