import { AsyncLocalStorage } from 'node:async_hooks';
import { loggerOf } from '../runtime/logging.js';
import type { Emission } from '../store/log/event-recorder.js';
import { ConsumerSet } from '../transports/consumer-set.js';
import { Links } from '../transports/links.js';
import { Transports } from '../transports/transports.js';
import type { HandlingParts } from './handling-parts.js';
import type { LogParts } from './log-parts.js';
import type { ResolvedOptions } from './options.js';

/** What meets brokers. */
export interface TransportParts {
  links: Links;
  consumers: ConsumerSet;
  transports: Transports;
}

export function composeTransports(
  { store, types, database }: LogParts,
  { connectivity }: HandlingParts,
  { transports, worker }: ResolvedOptions,
): TransportParts {
  const logger = loggerOf('Transports');
  const links = new Links(transports, logger);
  // A consumer's transaction is its own, whatever the one who made it was in.
  const detached = AsyncLocalStorage.snapshot() as <T>(work: () => T) => T;
  const own = store.by(database);
  const consumers = new ConsumerSet(links, {
    ...{ types, connectivity, logger },
    record: (emissions: readonly Emission[]) => detached(() => own.recordWith(undefined, emissions)),
    random: Math.random,
    shutdownTimeout: worker.shutdownTimeout,
  });
  return { links, consumers, transports: new Transports(links, consumers) };
}
