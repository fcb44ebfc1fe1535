import { CommitTracker } from '../../../lib/store/commits/commit-tracker.js';
import { DataSource, type EntityManager } from 'typeorm';
import type { BulkWritePolicy } from '../../../lib/sources/bulk-write.js';
import type {
  ModelEventSourceOptions,
  SourceEntity,
} from '../../../lib/sources/model-event-source.decorator.js';
import { ChangedReads } from '../../../lib/sources/changed-reads.js';
import { ModelEventSubscriber } from '../../../lib/sources/model-event-subscriber.js';
import { Rescan } from '../../../lib/sources/rescan/rescan.js';
import type { SourceContext } from '../../../lib/sources/source-context.js';
import { SourceRegistry } from '../../../lib/sources/source-registry.js';
import { Database } from '../../../lib/store/db/database.js';
import type { DatabaseUnderTest, ExtraOptions } from '../../support/databases.js';
import { MemoryRescanState } from '../../support/memory-rescan-state.js';
import { RecordingLogger } from '../../support/recording-logger.js';
import { RecordingRecorder } from '../../support/recording-recorder.js';
import { ENTITIES } from './entities.js';

/** What a source was called with. */
export interface Seen {
  reason: SourceContext['reason'];
  changed?: readonly string[];
  entity: Record<string, unknown>;
  manager: EntityManager;
}

const SILENT = {
  logQueryError: () => undefined,
  logQuerySlow: () => undefined,
  logSchemaBuild: () => undefined,
  logMigration: () => undefined,
  log: () => undefined,
};

/** A DataSource with sources on it, whose events go to memory. */
export class SourceBench {
  registry: SourceRegistry;
  recorder: RecordingRecorder;
  state: MemoryRescanState;
  logger: RecordingLogger;
  private changedReads: ChangedReads;
  now = new Date('2026-01-01T00:00:00Z');

  private constructor(
    readonly dataSource: DataSource,
    /** Every statement since the last reset. */
    readonly queries: string[],
  ) {
    this.reset();
  }

  static async open(db: DatabaseUnderTest, extra: ExtraOptions = {}): Promise<SourceBench> {
    const queries: string[] = [];
    const logger = { logQuery: (query: string) => void queries.push(query), ...SILENT };
    const logged: ExtraOptions = { logging: ['query'], logger };
    const options = await db.options({ entities: ENTITIES, synchronize: true, ...logged, ...extra });
    return new SourceBench(await new DataSource(options).initialize(), queries);
  }

  /** Forgets sources and events; the tables stay. */
  reset(bulkWrites: BulkWritePolicy = 'rescan'): void {
    this.queries.length = 0;
    this.registry = new SourceRegistry(this.dataSource);
    this.recorder = new RecordingRecorder();
    this.state = new MemoryRescanState();
    this.logger = new RecordingLogger();
    const { registry, recorder, state: rescanState, logger } = this;
    this.changedReads = new ChangedReads((line) => logger.warn(line));
    const tracker = new CommitTracker({ reported: () => undefined, undone: () => undefined });
    const subscriber = new ModelEventSubscriber({
      depths: tracker.depths,
      registry,
      recorder,
      rescanState,
      clock: this.clock,
      bulkWrites,
      changedReads: this.changedReads,
      logger,
    });
    this.dataSource.subscribers.splice(0, this.dataSource.subscribers.length, tracker, subscriber);
  }

  /** Adds a source; without `events` it yields nothing. What it was called with is collected. */
  source<E extends object>(
    entity: SourceEntity<E>,
    options: ModelEventSourceOptions<E> = {},
    events: (entity: E, context: SourceContext) => unknown = () => undefined,
  ): Seen[] {
    const seen: Seen[] = [];
    const provider = {
      source(row: E, context: SourceContext) {
        const { reason, changed, manager } = context;
        seen.push({ reason, changed, manager, entity: row as Record<string, unknown> });
        return events(row, context);
      },
    };
    this.registry.add(provider, 'source', {
      entity,
      options: { name: `source ${this.registry.all().length}`, ...options },
    });
    return seen;
  }

  rescan(batchSize?: number): Rescan {
    const { registry, recorder, state, logger, changedReads, clock } = this;
    const database = new Database(this.dataSource, { prefix: 'once_' });
    return new Rescan({
      registry,
      recorder,
      state,
      read: (work) => database.entities(work),
      logger,
      batchSize,
      changedReads,
      clock,
    });
  }

  private get clock() {
    return { now: () => this.now };
  }
}
