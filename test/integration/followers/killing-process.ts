import { Injectable } from '@nestjs/common';
import { Follower, type FollowerContext, On, type RecordedEvent } from 'nestjs-once';
import { startApplication } from '../../support/application.js';
import { type DatabaseAddress, dataSourceOptionsFrom } from '../../support/data-source-options.js';
import { Effect } from './follower-process.js';

/** An event that kills its process does so between its effect and the commit. */
abstract class Dying {
  /** The processes that die of it; another one is alive to see how it goes on. */
  static dies = false;

  @On('Happened')
  async happened(
    { data: { n } }: RecordedEvent<{ n: number }>,
    { manager, attempt }: FollowerContext,
  ): Promise<void> {
    await manager.insert(Effect, { n });
    process.send?.({ n, attempt });
    if (n === 4 && Dying.dies) process.kill(process.pid, 'SIGKILL');
    // A signal takes its time.
    if (n === 4 && Dying.dies) await new Promise(() => undefined);
  }
}
const retry = { maxRetries: 1, interval: 1, jitter: 0 } as const;

@Injectable()
@Follower('Dying', { batchSize: 3, onError: 'skip', retry })
export class Skipping extends Dying {}

@Injectable()
@Follower('Dying', { batchSize: 3, onError: 'stop', retry })
export class Stopping extends Dying {}

/** Its retry of the parked event comes later than a process needs to start. */
@Injectable()
@Follower('Dying', { batchSize: 3, onError: 'park', retry: { ...retry, interval: 2000 } })
export class Parking extends Dying {}

/** Each of these events is a stream of its own. */
@Injectable()
@Follower('Dying', { batchSize: 1, streams: 3, onError: 'skip', retry })
export class SideBySide extends Dying {}

export const FOLLOWERS = { sideBySide: SideBySide, skip: Skipping, stop: Stopping, park: Parking };

if (process.send && process.argv[2] === 'die') {
  const address = JSON.parse(process.argv[3]!) as DatabaseAddress;
  Dying.dies = true;
  await startApplication({
    database: dataSourceOptionsFrom(address),
    entities: [Effect],
    providers: [FOLLOWERS[process.argv[4] as keyof typeof FOLLOWERS]],
    synchronize: false,
    options: { dispatch: 'background', worker: { lease: 1000, pollInterval: 100, listen: false } },
  });
}
