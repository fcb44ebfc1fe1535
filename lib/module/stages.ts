import type { Telemetry } from '../core/telemetry.js';
import type { Upkeep } from '../runtime/upkeep.js';
import { type Service, service } from '../runtime/service.js';
import type { Stage } from '../runtime/stages.js';
import { backlogOf } from '../store/views/backlog.js';
import type { HandlingParts } from './handling-parts.js';
import type { LogParts } from './log-parts.js';
import type { LookoutParts } from './lookout-parts.js';
import type { ResolvedOptions } from './options.js';

/** Milliseconds that shutdown waits for the last messages of a process, and for its lease to be given up. */
const RELEASE_LIMIT = 2000;

export interface StagedParts {
  log: LogParts;
  handling: HandlingParts;
  lookout: LookoutParts;
  upkeep: Upkeep;
  telemetry: Telemetry;
  options: ResolvedOptions;
}

/** The service whose stop fails where the database does not answer: the lease ends by itself then. */
export const LEASE = 'lease';

/** Everything of a process that goes on until it is stopped, in the order in which it starts. */
export function stagesOf(parts: StagedParts): Stage[] {
  const { log, handling, upkeep } = parts;
  const { connectivity, keeper } = handling;
  return [
    { services: [service('stream', { stop: () => log.stream.end() })] },
    { services: [service('control connection', { stop: () => log.control.close() })], limit: RELEASE_LIMIT },
    {
      services: [service(LEASE, { stop: () => keeper.release() }), wakeUpOf(parts)],
      limit: RELEASE_LIMIT,
    },
    { services: [service('commits', { stop: () => log.commits.flush() })], limit: RELEASE_LIMIT },
    { services: [service('long chores', { stop: () => upkeep.finished() })] },
    {
      services: [
        service('connectivity', {
          stop: () => connectivity.stop(),
          failure: () => (connectivity.isLost ? 'the database cannot be reached' : undefined),
        }),
      ],
    },
    { services: [workerOf(parts), upkeepOf(parts), pollingOf(parts), telemetryOf(parts)] },
  ];
}

function wakeUpOf({ lookout: { wakeUp }, handling: { handlers }, options }: StagedParts): Service {
  const listens = options.dispatch === 'background' && options.worker.listen;
  return service('wake-up', {
    // Which handlers there are is found after the engine was made.
    start: () => listens && handlers.all.length > 0 && wakeUp.listen(),
    stop: () => wakeUp.stop(),
    failure: () => (wakeUp.isDeaf ? 'it hears nothing of other processes' : undefined),
  });
}

function workerOf({ handling: { worker }, options }: StagedParts): Service {
  return service('worker', {
    start: () => options.dispatch === 'background' && worker.start(),
    stop: () => worker.drain(options.worker.shutdownTimeout),
  });
}

function upkeepOf({ upkeep, options }: StagedParts): Service {
  return service('upkeep', {
    start: () => options.dispatch !== 'inline' && upkeep.start(),
    stop: () => upkeep.stop(),
    failure: () => upkeep.failingChores.map((name) => `${name} fails`).join(', ') || undefined,
  });
}

function pollingOf({ lookout: { polling } }: StagedParts): Service {
  return service('polling', { stop: () => polling.stop() });
}

function telemetryOf({ telemetry, log: { database, registry }, options }: StagedParts): Service {
  return service('telemetry', {
    start: () =>
      options.dispatch !== 'none' && telemetry.watchBacklog(() => backlogOf(database, registry.known)),
    stop: () => telemetry.close(),
  });
}
