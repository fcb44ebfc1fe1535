import { Injectable } from '@nestjs/common';
import {
  type EventSourcingOptions,
  Follower,
  type FollowerContext,
  On,
  OnReset,
  type RecordedEvent,
  remoteNotificationLog,
} from 'nestjs-once';
import { startApplication } from '../../support/application.js';
import { type DatabaseAddress, dataSourceOptionsFrom } from '../../support/data-source-options.js';
import { Effect } from './follower-process.js';

interface Ordered {
  n: number;
}

/** Follows the log of a shop, which is another application. In a child process, it is killed between an effect and its commit. */
@Injectable()
@Follower('Ledger', { from: 'shop', follows: 'Order*', batchSize: 3, retry: { maxRetries: 0 } })
export class Ledger {
  static holdAt = Infinity;
  readonly failing = new Set<number>();
  readonly given: string[] = [];

  @On('Ordered')
  async ordered(event: RecordedEvent<Ordered>, context: FollowerContext): Promise<void> {
    const { n } = event.data;
    const { attempt, collect, manager, replaying } = context;
    this.given.push(`${n}.${attempt}${replaying ? ' again' : ''}`);
    await manager.insert(Effect, { n });
    collect({ group: 'Booked', data: { n } });
    if (this.failing.has(n)) throw new Error(`${n} is refused`);
    if (n !== Ledger.holdAt) return;
    process.send!('held');
    await new Promise(() => undefined);
  }

  @OnReset({ upstream: true })
  async reset({ manager }: FollowerContext): Promise<void> {
    await manager.createQueryBuilder().delete().from(Effect).execute();
  }
}

/** It looks often, and says to the shop which process it is. */
export function following(url: string, process: string): EventSourcingOptions {
  return {
    dispatch: 'background',
    worker: { lease: 1000, pollInterval: 50 },
    upstreams: { shop: remoteNotificationLog(url, { headers: { 'x-process': process }, timeout: '2s' }) },
  };
}

if (process.send && process.argv[2] === 'ledger') {
  const address = JSON.parse(process.argv[3]!) as DatabaseAddress;
  Ledger.holdAt = Number(process.argv[5]);
  await startApplication({
    database: dataSourceOptionsFrom(address),
    entities: [Effect],
    providers: [Ledger],
    synchronize: false,
    options: following(process.argv[4]!, 'child'),
  });
}
