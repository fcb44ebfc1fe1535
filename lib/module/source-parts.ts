import type { Telemetry } from '../core/telemetry.js';
import { ModelEventSubscriber } from '../sources/model-event-subscriber.js';
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
}

export function composeSources(
  log: LogParts,
  { clock, bulkWrites, rescan }: ResolvedOptions,
  telemetry: Telemetry,
): SourceParts {
  const { database, commits, store: recorder } = log;
  const sources = new SourceRegistry(database.dataSource);
  const state = new RescanStateStore(database);
  const batchSize = rescan ? rescan.batchSize : undefined;
  return {
    sources,
    subscriber: new ModelEventSubscriber({
      registry: sources,
      recorder,
      rescanState: state,
      clock,
      bulkWrites,
      depths: commits.tracker.depths,
      outermostRunner: database.dialect.outermostRunner,
    }),
    rescan: new Rescan({
      registry: sources,
      recorder,
      state,
      clock,
      telemetry,
      ...(batchSize ? { batchSize } : {}),
    }),
  };
}
