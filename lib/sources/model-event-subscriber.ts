import type { LoggerService } from '@nestjs/common';
import type { EntitySubscriberInterface, QueryRunner } from 'typeorm';
import type { Clock } from '../core/clock.js';
import type { EventInput } from '../core/event.js';
import { loggerOf } from '../runtime/logging.js';
import type { Depths } from '../store/commits/depths.js';
import type { EventRecorder } from '../store/log/event-recorder.js';
import type { RescanState } from '../store/ports/rescan-state.js';
import type { BulkWritePolicy } from './bulk-write.js';
import { bulkWriteGuard } from './bulk-write-guard.js';
import { BulkWrites } from './bulk-writes.js';
import { EmissionBatch } from './emission-batch.js';
import type { ChangedReads } from './changed-reads.js';
import { completesInsert, type RowWrite, rowWrite, type WriteEvent } from './entity-write.js';
import { RefusedWrites } from './refused-writes.js';
import type { RegisteredSource } from './registered-source.js';
import { RelatedRows } from './related-rows.js';
import { runSource } from './run-source.js';
import type { WriteReason } from './source-context.js';
import { sourceEmission } from './source-emission.js';
import type { SourceRegistry } from './source-registry.js';
import { WriteBatches } from './write-batches.js';
import { type WrittenRow, writtenRows } from './written-rows.js';

export interface ModelEventSubscriberOptions {
  registry: SourceRegistry;
  recorder: EventRecorder;
  rescanState: RescanState;
  clock: Clock;
  bulkWrites: BulkWritePolicy;
  changedReads: ChangedReads;
  /** How deep a query runner is in savepoints; told of the end of one before this subscriber is. */
  depths: Pick<Depths, 'of'>;
  /** Whose commit decides on what a query runner writes. Default: its own. */
  outermostRunner?: (runner: QueryRunner) => QueryRunner;
  /** Default: Nest's, with the context `ModelEventSources`. */
  logger?: LoggerService;
}

/** What the sources of a batch said, and the rows that were not there any more when a source's relations were read. */
interface Emitted {
  batch: EmissionBatch;
  gone: readonly WrittenRow[];
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
    const { bulkWrites } = options;
    const logger = loggerOf('ModelEventSources', options.logger);
    this.refused = new RefusedWrites(options.depths, options.outermostRunner);
    this.bulkWrites = new BulkWrites(bulkWrites, logger, this.refused, options.changedReads);
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
    const { rows, unfound } = await writtenRows(items.filter(isRow), runner.manager);
    const { batch, gone } = await this.emit(rows, runner);
    if (batch.emissions.length > 0) await recorder.record(batch.emissions, runner, false);
    const entities = new Set(items.filter(isEntityName));
    for (const entity of this.unfound([...unfound, ...gone])) entities.add(entity);
    for (const entity of entities) await rescanState.request(entity, runner);
  }

  private unfound(writes: readonly RowWrite[]): string[] {
    const { registry } = this.options;
    return writes.flatMap((write) => {
      const sources = registry.touchedBy(write.metadata).filter(({ on }) => on.has(write.reason));
      return this.bulkWrites.unfound(write, sources) ?? [];
    });
  }

  /** One source after the other, because they share the connection. */
  private async emit(rows: readonly WrittenRow[], runner: QueryRunner): Promise<Emitted> {
    const { registry } = this.options;
    const [batch, gone] = [new EmissionBatch(), new Set<WrittenRow>()];
    const related = registry.loadRelations
      ? await RelatedRows.read(rows, registry, runner.manager)
      : undefined;
    for (const write of rows) {
      for (const source of registry.of(write.metadata)) {
        if (!source.on.has(write.reason)) continue;
        const row = related ? related.of(source, write) : write.row;
        const events = row ? this.eventsOf(source, write, row, runner) : [];
        if (!row) gone.add(write);
        const snapshots = write.reason === 'remove' ? { snapshots: true } : {};
        for (const input of events instanceof Promise ? await events : events)
          batch.add({ ...sourceEmission(source, write.metadata, write.row, input), ...snapshots });
      }
    }
    return { batch, gone: [...gone] };
  }

  private eventsOf(
    source: RegisteredSource,
    { reason, metadata, changed }: WrittenRow,
    row: object,
    { manager }: QueryRunner,
  ): EventInput[] | Promise<EventInput[]> {
    const { clock, changedReads } = this.options;
    const context = { reason, now: clock.now(), manager, changed };
    return runSource(source, metadata, row, changedReads.watched(source, context));
  }
}

function isRow(item: Item): item is RowWrite {
  return typeof item !== 'string';
}

function isEntityName(item: Item): item is string {
  return typeof item === 'string';
}
