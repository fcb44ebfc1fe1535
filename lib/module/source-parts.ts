import type { Telemetry } from '../core/telemetry.js';
import { loggerOf } from '../runtime/logging.js';
import { ChangedReads } from '../sources/changed-reads.js';
import { ModelEventSubscriber } from '../sources/model-event-subscriber.js';
import { uniqueName } from '../sources/entity-classes.js';
import { isRescanned } from '../sources/registered-source.js';
import { Rescan } from '../sources/rescan/rescan.js';
import { SourceRegistry } from '../sources/source-registry.js';
import { RescanStateStore } from '../store/upkeep/rescan-state-store.js';
import type { LogParts } from './log-parts.js';
import type { ResolvedOptions } from './options.js';

/** Entities to events: as they are saved, and by re-scan. */
export interface SourceParts {
  sources: SourceRegistry;
  subscriber: ModelEventSubscriber;
  rescan: Rescan;
  /** Asks for a re-scan of every entity that has a source. */
  requestAll(): Promise<void>;
}

export function composeSources(
  log: LogParts,
  { clock, bulkWrites, rescan }: ResolvedOptions,
  telemetry: Telemetry,
): SourceParts {
  const { database, lasting, large, commits, store } = log;
  const sources = new SourceRegistry(database.dataSource);
  const state = new RescanStateStore(database);
  const logger = loggerOf('ModelEventSources');
  const changedReads = new ChangedReads((line) => logger.warn(line));
  const batchSize = rescan ? rescan.batchSize : undefined;
  return {
    sources,
    subscriber: new ModelEventSubscriber({
      registry: sources,
      recorder: store,
      rescanState: state,
      clock,
      bulkWrites,
      changedReads,
      depths: commits.tracker.depths,
      outermostRunner: database.dialect.transactions.outermostRunner,
    }),
    rescan: new Rescan({
      registry: sources,
      recorder: store.by(large),
      state: new RescanStateStore(lasting),
      read: (work) => large.entities(work),
      clock,
      changedReads,
      telemetry,
      ...(batchSize ? { batchSize } : {}),
    }),
    requestAll: () =>
      database.run(async (sql) => {
        for (const name of rescannedEntities(sources)) await state.request(name, sql.runner);
      }),
  };
}

function rescannedEntities(sources: SourceRegistry): Set<string> {
  const classes = sources
    .all()
    .filter(isRescanned)
    .flatMap((source) => source.classes);
  return new Set(classes.map(uniqueName));
}
