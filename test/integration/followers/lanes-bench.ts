import { Injectable, type Type } from '@nestjs/common';
import {
  event,
  Follower,
  type FollowerContext,
  type FollowerOptions,
  Followers,
  On,
  OnReset,
  type RecordedEvent,
} from 'nestjs-once';
import { Column, type DataSourceOptions, Entity, PrimaryGeneratedColumn } from 'typeorm';
import { startApplication, type TestApplication } from '../../support/application.js';
import { type DatabaseAddress, dataSourceOptionsFrom } from '../../support/data-source-options.js';
import { deferred, until } from '../../support/deferred.js';

@Entity()
export class LaneEffect {
  @PrimaryGeneratedColumn()
  id: number;

  @Column()
  n: number;

  @Column({ length: 50 })
  stream: string;
}

/** What a test does in the middle of a method, after its effect. */
export type Meddling = (n: number, context: FollowerContext) => Promise<unknown> | undefined;

export interface Laned {
  readonly calls: string[];
  readonly replayed: number[];
  meddle: Meddling;
}

/** A row and a collected event for each event. */
export function lanedFollower(options: FollowerOptions = {}): Type<Laned> {
  @Injectable()
  @Follower('Laned', { streams: 4, retry: { maxRetries: 0 }, timeout: '60s', ...options })
  class OfTest implements Laned {
    readonly calls: string[] = [];
    readonly replayed: number[] = [];
    meddle: Meddling = () => undefined;

    @On('Happened')
    async happened(
      { data: { n }, orderKey }: RecordedEvent<{ n: number }>,
      context: FollowerContext,
    ): Promise<void> {
      this.calls.push(`${orderKey}${n}`);
      if (context.replaying) this.replayed.push(n);
      await context.manager.insert(LaneEffect, { n, stream: orderKey ?? '' });
      context.collect({ group: 'Followed', data: { n } });
      await this.meddle(n, context);
    }

    @OnReset()
    async reset({ manager }: FollowerContext): Promise<void> {
      await manager.createQueryBuilder().delete().from(LaneEffect).execute();
    }
  }
  return OfTest;
}

/** Streams of three lanes, where there are four of them. */
export const happened = (numbers: readonly number[], streams = 'abd') =>
  numbers.map((n) => event('Happened', n, { n }, { orderKey: streams[(n - 1) % streams.length]! }));

export const upTo = (last: number, from = 1) =>
  Array.from({ length: last - from + 1 }, (_, index) => from + index);

export interface LanedStart {
  database: DataSourceOptions;
  follower?: Type<Laned>;
  dispatch?: 'background' | 'none' | 'inline';
  synchronize?: boolean;
  worker?: object;
}

export async function startLaned({
  database,
  follower,
  dispatch = 'none',
  synchronize = true,
  worker = {},
}: LanedStart) {
  const provider = follower ?? lanedFollower();
  const application = await startApplication({
    database,
    entities: [LaneEffect],
    providers: [provider],
    options: { dispatch, worker: { lease: 1000, pollInterval: 100, listen: false, ...worker } },
    synchronize,
  });
  const { app } = application;
  return {
    ...application,
    laned: app.get<Laned>(provider),
    followers: app.get(Followers),
    outcome: () => outcomeOf(application),
  };
}

/** What was written, in its order within each stream, and what was collected. */
async function outcomeOf({ dataSource, log }: TestApplication) {
  const streams: Record<string, number[]> = {};
  for (const { stream, n } of await dataSource.getRepository(LaneEffect).find({ order: { id: 'ASC' } }))
    (streams[stream] ??= []).push(n);
  const followed: number[] = [];
  for await (const { data } of log.read<{ n: number }>({ groups: ['Followed'] })) followed.push(data.n);
  return { streams, followed: followed.sort((a, b) => a - b) };
}

/** What all of these numbers come to. */
export function whole(last: number, streams = 'abd') {
  const all: Record<string, number[]> = {};
  for (const n of upTo(last)) (all[streams[(n - 1) % streams.length]!] ??= []).push(n);
  return { streams: all, followed: upTo(last) };
}

/** Stands still at one event, once; the test says when it goes on. */
export function holdAt(laned: Laned, n: number) {
  const [held, end] = [deferred(), deferred()];
  let isFirst = true;
  const before = laned.meddle;
  laned.meddle = async (each, context) => {
    await before(each, context);
    if (each !== n || !isFirst) return;
    isFirst = false;
    held.resolve();
    await end.promise;
  };
  return { held: held.promise, end: () => end.resolve() };
}

/** The numbers whose effects are committed. */
export async function committed({ dataSource }: TestApplication): Promise<number[]> {
  const rows = await dataSource.getRepository(LaneEffect).find();
  return rows.map(({ n }) => n).sort((a, b) => a - b);
}

/** Resolves when these effects, and no others, are committed. */
export function untilCommitted(application: TestApplication, numbers: readonly number[]): Promise<void> {
  const wanted = JSON.stringify(numbers);
  return until(async () => JSON.stringify(await committed(application)) === wanted);
}

// In a child process, it is killed by the parent while one lane stands still at an event.
if (process.send && process.argv[2] === 'lanes') {
  const address = JSON.parse(process.argv[3]!) as DatabaseAddress;
  const { laned } = await startLaned({
    database: dataSourceOptionsFrom(address),
    dispatch: 'background',
    synchronize: false,
  });
  const { held } = holdAt(laned, Number(process.argv[4]));
  await held;
  process.send('held');
}
