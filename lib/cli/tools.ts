import type { Aggregate } from '../aggregates/aggregate.js';
import type { AggregateRepository } from '../aggregates/aggregate-repository.js';
import type { Deliveries } from '../handlers/deliveries.js';
import type { Followers } from '../followers/followers.js';
import type { Rescan } from '../sources/rescan/rescan.js';
import type { EventTables } from '../store/db/event-tables.js';
import type { EventArchive } from '../store/log/event-archive.js';
import type { Forgetting } from '../store/log/forgetting.js';
import type { Retention } from '../store/upkeep/retention.js';
import type { EventSearch } from '../store/views/event-search.js';
import type { LogStatus } from '../store/views/log-status.js';

/** What commands work with: one log of the application. A command that needs more adds it here. */
export interface CommandTools {
  readonly archive: EventArchive;
  readonly deliveries: Deliveries;
  readonly followers: Followers;
  readonly forgetting: Forgetting;
  readonly rescan: Rescan;
  readonly retention: Retention;
  readonly search: EventSearch;
  readonly status: LogStatus;
  readonly tables: EventTables;
  /** Throws `UnknownAggregateTypeError`, and `InvalidAggregateError` where several applications have the type. */
  aggregates(type: string, application?: string): AggregateRepository<Aggregate>;
}

/** Where the module provides them, for one DataSource. */
export const toolsToken = (dataSource = 'default'): string => `EventSourcingCommandTools(${dataSource})`;
