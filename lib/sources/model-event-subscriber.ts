import { type LoggerService, Logger } from '@nestjs/common';
import type { EntitySubscriberInterface, QueryRunner } from 'typeorm';
import type { Clock } from '../core/clock.js';
import type { Depths } from '../store/commits/depths.js';
import type { EventRecorder } from '../store/log/event-recorder.js';
import type { RescanState } from '../store/ports/rescan-state.js';
import type { BulkWritePolicy } from './bulk-write.js';
import { bulkWriteGuard } from './bulk-write-guard.js';
import { BulkWrites } from './bulk-writes.js';
import { EmissionBatch } from './emission-batch.js';
import { completesInsert, type RowWrite, rowWrite, type WriteEvent } from './entity-write.js';
import { RefusedWrites } from './refused-writes.js';
import { runSource } from './run-source.js';
import type { WriteReason } from './source-context.js';
import type { SourceRegistry } from './source-registry.js';
import { WriteBatches } from './write-batches.js';
import { type WrittenRow, writtenRows } from './written-rows.js';

export interface ModelEventSubscriberOptions {
  registry: SourceRegistry;
  recorder: EventRecorder;
  rescanState: RescanState;
  clock: Clock;
  bulkWrites: BulkWritePolicy;
  /** How deep a query runner is in savepoints; told of the end of one before this subscriber is. */
  depths: Pick<Depths, 'of'>;
  /** Whose commit decides on what a query runner writes. Default: its own. */
  outermostRunner?: (runner: QueryRunner) => QueryRunner;
  /** Default: Nest's, with the context `ModelEventSources`. */
  logger?: LoggerService;
}

/** A row that was written, or the name of an entity to be re-scanned. */
type Item = RowWrite | string;

/**
 * Runs the model event sources on what TypeORM writes, inside the transaction that writes it, and records their
 * events there; the write fails with them. To be pushed into the `subscribers` of the registry's DataSource.
 */
export class ModelEventSubscriber implements EntitySubscriberInterface {
  private readonly bulkWrites: BulkWrites;
  private readonly refused: RefusedWrites;
  private readonly batches = new WriteBatches<Item>(
    (items, runner) => this.process(items, runner),
    (items) => !items.every((item) => this.isAtOnce(item)),
  );

  constructor(private readonly options: ModelEventSubscriberOptions) {
    const { bulkWrites, logger = new Logger('ModelEventSources') } = options;
    this.refused = new RefusedWrites(options.depths, options.outermostRunner);
    this.bulkWrites = new BulkWrites(bulkWrites, logger, this.refused);
    if (bulkWrites === 'throw') Object.assign(this, bulkWriteGuard(options.registry, this.bulkWrites));
  }

  afterInsert(event: WriteEvent): Promise<void> | void {
    return this.seen('insert', event);
  }

  afterUpdate(event: WriteEvent): Promise<void> | void {
    return this.seen('update', event);
  }

  afterRemove(event: WriteEvent): Promise<void> | void {
    return this.seen('remove', event);
  }

  afterSoftRemove(event: WriteEvent): Promise<void> | void {
    return this.seen('soft-remove', event);
  }

  afterRecover(event: WriteEvent): Promise<void> | void {
    return this.seen('recover', event);
  }

  /**
   * When another subscriber fails a write, TypeORM does not wait for this one: what is being recorded then must be
   * done before the transaction ends, or it would be recorded outside of it. Where a bulk write was refused after it was
   * made, the transaction does not end with a commit.
   */
  beforeTransactionCommit({ queryRunner }: { queryRunner: QueryRunner }): Promise<void> | void {
    const reason = this.refused.reasonAgainstCommit(queryRunner);
    return reason ? Promise.reject(reason) : this.batches.idle(queryRunner);
  }

  beforeTransactionRollback({ queryRunner }: { queryRunner: QueryRunner }): Promise<void> | void {
    return this.batches.idle(queryRunner);
  }

  afterTransactionRollback({ queryRunner }: { queryRunner: QueryRunner }): void {
    this.refused.rolledBack(queryRunner);
  }

  /** Nothing is awaited for an entity without sources: this is the path of every write of the application. */
  private seen(reason: WriteReason, event: WriteEvent): Promise<void> | void {
    const sources = this.options.registry.touchedBy(event.metadata);
    if (sources.length === 0) return;
    const write = rowWrite(reason, event);
    if (write) {
      if (sources.some(({ on }) => on.has(reason))) return this.batches.add(event.queryRunner, write);
      return;
    }
    if (reason === 'update' && completesInsert(event, this.pendingRows(event.queryRunner))) return;
    const entity = this.bulkWrites.judge(reason, event, sources, true);
    if (entity !== undefined) return this.batches.add(event.queryRunner, entity);
  }

  /** Neither reading the row nor a source lets code of the application wait for a write. */
  private isAtOnce(item: Item): boolean {
    return isRow(item) && !!item.row && this.options.registry.of(item.metadata).every(({ waits }) => !waits);
  }

  private pendingRows(runner: QueryRunner): RowWrite[] {
    return this.batches.pending(runner).filter(isRow);
  }

  private async process(items: readonly Item[], runner: QueryRunner): Promise<void> {
    const { recorder, rescanState } = this.options;
    const { emissions } = await this.emit(await writtenRows(items.filter(isRow), runner.manager), runner);
    if (emissions.length > 0) await recorder.record(emissions, runner, false);
    for (const entity of new Set(items.filter(isEntityName))) await rescanState.request(entity, runner);
  }

  /** One source after the other, because they share the connection. */
  private async emit(rows: readonly WrittenRow[], runner: QueryRunner): Promise<EmissionBatch> {
    const batch = new EmissionBatch();
    for (const { reason, metadata, row, changed } of rows) {
      for (const source of this.options.registry.of(metadata)) {
        if (!source.on.has(reason)) continue;
        const context = { reason, now: this.options.clock.now(), manager: runner.manager, changed };
        const returned = runSource(source, metadata, row, context);
        const events = returned instanceof Promise ? await returned : returned;
        for (const input of events)
          batch.add({ input, source: source.name, ...(reason === 'remove' ? { snapshots: true } : {}) });
      }
    }
    return batch;
  }
}

function isRow(item: Item): item is RowWrite {
  return typeof item !== 'string';
}

function isEntityName(item: Item): item is string {
  return typeof item === 'string';
}
