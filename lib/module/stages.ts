import type { Followers } from '../followers/followers.js';
import type { FollowerSet } from '../followers/follower-set.js';
import type { Run } from '../handlers/claims/runs.js';
import type { FollowerLag, Telemetry } from '../core/telemetry.js';
import type { Upkeep } from '../runtime/upkeep.js';
import { type Service, service } from '../runtime/service.js';
import type { Stage } from '../runtime/stages.js';
import { backlogOf } from '../store/views/backlog.js';
import type { ResolvedOptions } from './options.js';
import type { Parts } from './parts.js';

/** Milliseconds that shutdown waits for the last messages of a process, and for its lease to be given up. */
const RELEASE_LIMIT = 2000;

export interface StagedParts extends Parts {
  upkeep: Upkeep;
  telemetry: Telemetry;
  options: ResolvedOptions;
}

/** The service whose stop fails where the database does not answer: the lease ends by itself then. */
export const LEASE = 'lease';

/** Everything of a process that goes on until it is stopped, in the order in which it starts. */
export function stagesOf(parts: StagedParts): Stage[] {
  const { stream, control, commits, connectivity, keeper, upkeep, aggregates } = parts;
  return [
    { services: [service('stream', { stop: () => stream.end() })] },
    { services: [service('control connection', { stop: () => control.close() })], limit: RELEASE_LIMIT },
    {
      services: [
        service(LEASE, { stop: () => keeper.release(), failure: () => keeper.missing }),
        wakeUpOf(parts),
      ],
      limit: RELEASE_LIMIT,
    },
    { services: [transportsOf(parts)], limit: RELEASE_LIMIT },
    { services: [service('snapshots', { stop: () => aggregates.parts.background.finished() })] },
    { services: [service('commits', { stop: () => commits.flush() })], limit: RELEASE_LIMIT },
    { services: [service('long chores', { stop: () => upkeep.finished() })] },
    {
      services: [
        service('connectivity', {
          stop: () => connectivity.stop(),
          failure: () => (connectivity.isLost ? 'the database cannot be reached' : undefined),
        }),
      ],
    },
    {
      services: [
        workerOf(parts),
        followersOf(parts),
        consumersOf(parts),
        upkeepOf(parts),
        pollingOf(parts),
        telemetryOf(parts),
      ],
    },
  ];
}

function wakeUpOf({ wakeUp, handlers, followerSet, options }: StagedParts): Service {
  const listens = options.dispatch === 'background' && options.worker.listen;
  return service('wake-up', {
    // Which handlers there are is found after the engine was made.
    start: () => listens && (handlers.size > 0 || followerSet.size > 0) && wakeUp.listen(),
    stop: () => wakeUp.stop(),
    failure: () => (wakeUp.isDeaf ? 'it hears nothing of other processes' : undefined),
  });
}

function workerOf({ worker, options }: StagedParts): Service {
  return service('worker', {
    start: () => options.dispatch === 'background' && worker.start(),
    stop: () => worker.drain(options.worker.shutdownTimeout),
    failure: () => worker.failure,
    waitsFor: () => runningHandlers(worker.runs.all, options.worker.shutdownTimeout),
  });
}

function followersOf({ following, options }: StagedParts): Service {
  return service('followers', {
    start: () => options.dispatch === 'background' && following.start(),
    stop: () => following.stop(),
    failure: () => following.failure,
    waitsFor: () => following.waitsFor,
  });
}

function transportsOf({ links, options }: StagedParts): Service {
  return service('transports', {
    start: () => options.dispatch !== 'none' && links.start(),
    stop: () => links.close(),
    failure: () => links.failure,
  });
}

function consumersOf({ consumers, links, options }: StagedParts): Service {
  return service('consumers', {
    start: () => options.dispatch !== 'none' && consumers.start(),
    stop: async () => {
      links.giveUp();
      await consumers.stop();
    },
    failure: () => consumers.failure,
    waitsFor: () => 'consumers that record what they have received',
  });
}

function runningHandlers(runs: readonly Run[], limit: number): string {
  if (runs.length === 0)
    return 'the results of handlers to be marked, and what was not started to be given back';
  const names = runs.map(({ handler }) => handler.name);
  const told = [...new Set(names)].map((name) => {
    const count = names.filter((one) => one === name).length;
    return count > 1 ? `${name} (${count})` : name;
  });
  return `handlers that run: ${told.join(', ')}. They are aborted after ${limit / 1000} s (worker.shutdownTimeout)`;
}

function upkeepOf({ upkeep, options }: StagedParts): Service {
  return service('upkeep', {
    start: () => options.dispatch !== 'inline' && upkeep.start(),
    stop: () => upkeep.stop(),
    failure: () => upkeep.failingChores.map((name) => `${name} fails`).join(', ') || undefined,
  });
}

function pollingOf({ polling }: StagedParts): Service {
  return service('polling', { stop: () => polling.stop() });
}

function telemetryOf({
  telemetry,
  lasting,
  registry,
  worker,
  boundHandlers,
  followers,
  followerSet,
  options: { dispatch },
}: StagedParts): Service {
  return service('telemetry', {
    start: () => {
      if (dispatch !== 'none') telemetry.watchBacklog(() => backlogOf(lasting, registry.known));
      if (dispatch !== 'none' && followerSet.size > 0)
        telemetry.watchFollowers(() => lagsOf(followers, followerSet));
      if (dispatch === 'background') telemetry.watchClaims(() => worker.runs.claimsOf(boundHandlers()));
    },
    stop: () => telemetry.close(),
  });
}

/** Of this process's followers, wherever they are followed. */
async function lagsOf(followers: Followers, set: FollowerSet): Promise<FollowerLag[]> {
  const own = (await followers.list()).filter(({ name }) => set.find(name));
  return own.map(({ name, lag, lagSeconds, parked }) => ({
    follower: name,
    positions: lag,
    seconds: lagSeconds,
    parked,
  }));
}
