import type { Type } from '@nestjs/common';
import { event, type EventInput, Followers } from 'nestjs-once';
import { startApplication, type TestApplication } from '../../support/application.js';
import { type DatabaseAddress, dataSourceOptionsFrom } from '../../support/data-source-options.js';
import { type Base, type Effect, EffectOfFirst, EffectOfSecond } from './two-versions.js';

export const upTo = (last: number): number[] => Array.from({ length: last }, (_, index) => index + 1);

export const happened = (from: number, to: number): EventInput[] =>
  upTo(to)
    .slice(from - 1)
    .map((n) => event('Happened', n, { n }));

/** What a version has made of the events, in its order. */
export async function effects({ dataSource }: TestApplication, entity: Type<Effect>): Promise<number[]> {
  const rows = await dataSource.getRepository(entity).find({ order: { id: 'ASC' } });
  return rows.map(({ n }) => n);
}

/** The events that were acted on, in log order. */
export async function acted({ log }: TestApplication): Promise<number[]> {
  const found: number[] = [];
  for await (const { data } of log.read<{ n: number }>({ groups: ['Acted'] })) found.push(data.n);
  return found;
}

/** Applications that have one version each, on one database. */
export class VersionsBench {
  private readonly open: TestApplication[] = [];

  constructor(readonly address: DatabaseAddress) {}

  async start<T extends Base>(
    follower: Type<T>,
    dispatch: 'background' | 'none' = 'none',
  ): Promise<TestApplication & { followers: Followers; follower: T }> {
    const application = await startApplication({
      database: dataSourceOptionsFrom(this.address),
      entities: [EffectOfFirst, EffectOfSecond],
      providers: [follower],
      options: { dispatch, worker: { pollInterval: 50 } },
      synchronize: this.open.length === 0,
    });
    this.open.push(application);
    const { app } = application;
    return { ...application, followers: app.get(Followers), follower: app.get<T>(follower) };
  }

  async close(): Promise<void> {
    for (const one of this.open.splice(0).reverse()) await one.close();
  }
}
