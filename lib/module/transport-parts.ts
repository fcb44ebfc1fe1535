import { AsyncLocalStorage } from 'node:async_hooks';
import { compilePattern } from '../core/group-pattern.js';
import type { RecordedEvent } from '../core/event.js';
import { PRUNED } from '../core/stored-payload.js';
import type { FollowerDefinition } from '../followers/follower-definition.js';
import { PayloadPrunedError } from '../payload/errors.js';
import { loggerOf, type OwnLogger } from '../runtime/logging.js';
import type { Emission } from '../store/log/event-recorder.js';
import type { StoredEvent } from '../store/ports/rows.js';
import { ConsumerSet } from '../transports/consumer-set.js';
import { EventEmitterService } from '../transports/event-emitter-service.js';
import { Links } from '../transports/links.js';
import type { Producer } from '../transports/producer.js';
import { ProducerSet } from '../transports/producer-set.js';
import { Quarantine } from '../transports/quarantine.js';
import { SentEvents } from '../transports/sent-events.js';
import { Transports } from '../transports/transports.js';
import type { FollowerParts } from './follower-parts.js';
import type { HandlingParts } from './handling-parts.js';
import type { LogParts } from './log-parts.js';
import type { ResolvedOptions } from './options.js';

/** Milliseconds: of a follower that has no methods of its own. */
const NO_METHODS = 300_000;

/** What meets brokers. */
export interface TransportParts {
  links: Links;
  consumers: ConsumerSet;
  producers: ProducerSet;
  emitter: EventEmitterService;
  transports: Transports;
}

export function composeTransports(
  log: LogParts,
  { connectivity }: HandlingParts,
  { following, followers, followerSet }: FollowerParts,
  options: ResolvedOptions,
): TransportParts {
  const { store, types, database, eventLog } = log;
  const logger = loggerOf('Transports');
  const links = new Links(options.transports, logger);
  for (const link of links.all) link.onReturn(() => following.goOn());
  // A consumer's transaction is its own, whatever the one who made it was in.
  const detached = AsyncLocalStorage.snapshot() as <T>(work: () => T) => T;
  const consumers = new ConsumerSet(links, {
    ...{ types, connectivity, logger },
    record: (emissions: readonly Emission[]) => detached(() => store.recordWith(undefined, emissions)),
    random: Math.random,
    shutdownTimeout: options.worker.shutdownTimeout,
  });
  const sent = new SentEvents();
  const follow = (producer: Producer) => followerSet.include(followerOf(producer, options));
  const producers = new ProducerSet(links, producerParts(log, logger), follow, {
    sent: (key) => sent.sent(key),
    refused: (key, error) => sent.refused(key, error),
  });
  const emitter = new EventEmitterService({
    ...{ links, producers, types, sent, clock: options.clock },
    record: async (manager, emission) => (await store.recordWith(manager, [emission]))[0]!,
    isInTransaction: () => database.joined() !== undefined,
    positionOf: async (key) => (await eventLog.get(key))?.position,
    passed: (follower, position, timeout) => followers.waitFor(follower, position, { timeout }),
  });
  const quarantine = new Quarantine({ log: eventLog, consumers });
  return { links, consumers, producers, emitter, transports: new Transports(links, consumers, quarantine) };
}

function producerParts({ reader }: LogParts, logger: OwnLogger) {
  return {
    logger,
    read: async (event: StoredEvent): Promise<RecordedEvent> => {
      if (event.encoding === PRUNED) throw new PayloadPrunedError();
      return reader.recorded(event);
    },
  };
}

/** A producer is a follower that sends before it passes. */
function followerOf(producer: Producer, { retry }: ResolvedOptions): FollowerDefinition {
  const { name, label, patterns, onError, batchSize } = producer.definition;
  const compiled = patterns.map(compilePattern);
  const isExact = patterns.every((pattern) => typeof pattern === 'string' && !pattern.includes('*'));
  return {
    ...{ name, label, version: 1, patterns, onError, batchSize, rebuildBatchSize: batchSize, retry },
    ...{ stateless: true, timeout: NO_METHODS, methods: [], emits: [], streams: 1 },
    takes: (group) => compiled.some((pattern) => pattern.test(group)),
    mayCollect: () => false,
    groups: isExact ? (patterns as readonly string[]) : undefined,
    beforehand: producer,
  };
}
