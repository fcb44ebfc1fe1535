import type { LoggerService } from '@nestjs/common';
import { BulkWriteError } from './errors.js';
import { bulkChanged, type BulkWritePolicy, judgeBulkWrite } from './bulk-write.js';
import type { WriteEvent } from './entity-write.js';
import type { RefusedWrites } from './refused-writes.js';
import type { RegisteredSource } from './registered-source.js';
import type { WriteReason } from './source-context.js';

/** Applies the `bulkWrites` option to writes that gave no whole entity. */
export class BulkWrites {
  private readonly warned = new Set<string>();

  constructor(
    private readonly policy: BulkWritePolicy,
    private readonly logger: LoggerService,
    /** Is told what was refused after it had been written. */
    private readonly refused: RefusedWrites,
  ) {}

  /** Name of the entity to be re-scanned, or undefined. Throws `BulkWriteError` where the policy is to throw. */
  judge(
    reason: WriteReason,
    event: WriteEvent,
    sources: readonly RegisteredSource[],
    written: boolean,
  ): string | undefined {
    if (this.policy === 'ignore') return undefined;
    const { rescan, missed } = judgeBulkWrite(reason, bulkChanged(reason, event), sources);
    const entity = event.metadata.name;
    if (this.policy === 'throw' && rescan.length + missed.length > 0)
      throw this.refusal(reason, event, [...rescan, ...missed], written);
    if (missed.length > 0) this.warnOnce(entity, reason, missed);
    return rescan.length > 0 ? entity : undefined;
  }

  private refusal(
    reason: WriteReason,
    { metadata, queryRunner }: WriteEvent,
    sources: readonly RegisteredSource[],
    written: boolean,
  ): BulkWriteError {
    const names = sources.map(({ name }) => name);
    const error = new BulkWriteError(metadata.name, reason, names, written, queryRunner.isTransactionActive);
    if (written) this.refused.add(queryRunner, error);
    return error;
  }

  private warnOnce(entity: string, reason: WriteReason, missed: readonly RegisteredSource[]): void {
    const warning = `${entity} ${reason}`;
    if (this.warned.has(warning)) return;
    this.warned.add(warning);
    this.logger.warn(
      `A bulk ${reason} of ${entity} passed by ${missed.map(({ name }) => name).join(', ')}: it gave no entities, and no ` +
        `re-scan can make up for it. Use save() or remove() with entities, or set bulkWrites to 'throw'. Warned about once.`,
    );
  }
}
