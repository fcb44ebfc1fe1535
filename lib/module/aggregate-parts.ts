import { AggregateApplications } from '../aggregates/aggregate-application.js';
import { Background } from '../aggregates/background.js';
import { Flights } from '../aggregates/flights.js';
import { loggerOf } from '../runtime/logging.js';
import { prepareSchema } from '../store/db/schema.js';
import { SnapshotStore } from '../store/log/snapshot-store.js';
import { StreamReader } from '../store/log/stream-reader.js';
import type { LogParts } from './log-parts.js';
import type { ResolvedOptions } from './options.js';

/** The aggregates that are kept in one log. */
export function composeAggregates(log: LogParts, { schema }: ResolvedOptions): AggregateApplications {
  const { database, commits } = log;
  const logger = loggerOf('EventSourcing');
  const flights = new Flights({ proven: () => commits.flush() });
  commits.on(flights);
  return new AggregateApplications({
    ...log,
    streams: new StreamReader(database),
    types: log.evolution,
    snapshots: new SnapshotStore(database),
    flights,
    background: new Background(),
    warn: (line) => logger.warn(line),
    ready: schema === 'none' ? once(() => prepareSchema(database, 'verify')) : () => Promise.resolve(),
    random: Math.random,
  });
}

/** Until it succeeds. */
function once(work: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined;
  return () =>
    (done ??= work().catch((error: unknown) => {
      done = undefined;
      throw error;
    }));
}
