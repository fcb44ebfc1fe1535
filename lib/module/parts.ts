import type { AggregateApplications } from '../aggregates/aggregate-application.js';
import type { CommandParts } from './command-parts.js';
import type { DeliveryQueries } from '../store/views/delivery-queries.js';
import type { FollowerParts } from './follower-parts.js';
import type { HandlingParts } from './handling-parts.js';
import type { LogParts } from './log-parts.js';
import type { LookoutParts } from './lookout-parts.js';
import type { OperatingParts } from './operating-parts.js';
import type { SourceParts } from './source-parts.js';
import type { TransportParts } from './transport-parts.js';

/** What an engine is made of. */
export interface Parts
  extends
    LogParts,
    SourceParts,
    HandlingParts,
    LookoutParts,
    FollowerParts,
    TransportParts,
    OperatingParts,
    CommandParts {
  queries: DeliveryQueries;
  aggregates: AggregateApplications;
}
