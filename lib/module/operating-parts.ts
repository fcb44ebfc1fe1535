import { messageOf } from '../core/thrown.js';
import type { OwnLogger } from '../runtime/logging.js';
import { EventTables } from '../store/db/event-tables.js';
import { EventArchive } from '../store/log/event-archive.js';
import { Retention } from '../store/upkeep/retention.js';
import type { DeliveryCounting } from '../store/views/delivery-counts.js';
import { EventSearch } from '../store/views/event-search.js';
import { LogStatus } from '../store/views/log-status.js';
import type { LogParts } from './log-parts.js';
import type { ResolvedOptions } from './options.js';

/** What people work with who run it: each an own class, for code and for the command line. */
export interface OperatingParts {
  archive: EventArchive;
  retention: Retention;
  search: EventSearch;
  status: LogStatus;
  tables: EventTables;
}

export interface OperatingHost {
  counting: DeliveryCounting;
  logger: Pick<OwnLogger, 'error'>;
  /** Something may be due, here and in other processes. */
  wake: () => void;
}

export function composeOperating(
  log: LogParts,
  { retention }: ResolvedOptions,
  { counting, logger, wake }: OperatingHost,
): OperatingParts {
  const { database, large, registry } = log;
  const failed = (error: unknown) => logger.error(`A progress callback failed: ${messageOf(error)}`);
  return {
    archive: new EventArchive({ ...log, wake, failed }),
    retention: new Retention(large, registry, retention || { batchSize: 1000 }),
    search: new EventSearch(log),
    status: new LogStatus({ ...log, counting }),
    tables: new EventTables(database),
  };
}
