import type { LoggerService } from '@nestjs/common';
import { BulkWriteError } from './errors.js';
import { bulkChanged, type BulkWritePolicy, judgeBulkWrite } from './bulk-write.js';
import type { ChangedReads } from './changed-reads.js';
import { insteadOf } from './entity-calls.js';
import { uniqueName } from './entity-classes.js';
import type { RowWrite, WriteEvent } from './entity-write.js';
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
    private readonly changedReads: ChangedReads,
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
    const entity = uniqueName(event.metadata);
    if (this.policy === 'throw' && rescan.length + missed.length > 0)
      throw this.refusal(reason, event, [...rescan, ...missed], written);
    if (missed.length > 0) this.warnOnce(`${entity} ${reason}`, passedBy(entity, reason, missed));
    for (const source of rescan) if (goesUnsaid(reason, source)) this.changedReads.bulkWrite(source);
    return rescan.length > 0 ? entity : undefined;
  }

  /**
   * Name of the entity to be re-scanned, or undefined, for a write that these sources should have seen and whose row the
   * database does not find again. Whatever the policy: it was no bulk write.
   */
  unfound({ reason, metadata }: RowWrite, sources: readonly RegisteredSource[]): string | undefined {
    if (sources.length === 0) return undefined;
    const { rescan } = judgeBulkWrite(reason, undefined, sources);
    const entity = uniqueName(metadata);
    this.warnOnce(`${entity} unfound`, notFound(entity, reason, sources));
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

  private warnOnce(topic: string, warning: string): void {
    if (this.warned.has(topic)) return;
    this.warned.add(topic);
    this.logger.warn(`${warning} Warned about once.`);
  }
}

/** A re-scan tells a source as much as an insert would. */
function goesUnsaid(reason: WriteReason, { on }: RegisteredSource): boolean {
  return reason !== 'insert' || !on.has('insert');
}

function passedBy(entity: string, reason: WriteReason, missed: readonly RegisteredSource[]): string {
  return (
    `A bulk ${reason} of ${entity} passed by ${namesOf(missed)}: it gave no entities, and no ` +
    `re-scan can make up for it. ${insteadOf(reason)}, or set bulkWrites to 'throw'.`
  );
}

function notFound(entity: string, reason: WriteReason, passed: readonly RegisteredSource[]): string {
  return (
    `A row of ${entity} was not found under the primary key of its ${reason}, so ${namesOf(passed)} did not see it: ` +
    'another subscriber or a trigger removed it, or the database stores the key with more precision than the driver ' +
    'gives, as microseconds of a time. A re-scan is requested where one can make up for it. ' +
    'Expected a key that is found again: generate it in the application, or use an integer or a uuid.'
  );
}

function namesOf(sources: readonly RegisteredSource[]): string {
  return sources.map(({ name }) => name).join(', ');
}
