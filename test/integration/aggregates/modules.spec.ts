import { Injectable, Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { getDataSourceToken, TypeOrmModule } from '@nestjs/typeorm';
import {
  type AggregateRepository,
  EventSourcingModule,
  getAggregatesToken,
  InjectAggregates,
  InvalidAggregateError,
  InvalidOptionError,
  UnknownOptionError,
} from 'nestjs-once';
import type { DataSource } from 'typeorm';
import { AggregateApplications } from '../../../lib/aggregates/aggregate-application.js';
import { AggregateTypes } from '../../../lib/aggregates/aggregate-types.js';
import { describeEachDatabase } from '../../support/databases.js';
import { Dog } from '../../support/dog.js';
import { Trainer } from './school.js';

class Settings {
  readonly snapshots = { Dog: 2 };
}

@Module({ providers: [Settings], exports: [Settings] })
class SettingsModule {}

@Injectable()
class TrainingSchool {
  constructor(
    @InjectAggregates(Dog, 'TrainingSchool') readonly dogs: AggregateRepository<Dog>,
    @InjectAggregates(Dog, 'Elsewhere') readonly others: AggregateRepository<Dog>,
    @InjectAggregates(Trainer) readonly trainers: AggregateRepository<Trainer>,
  ) {}
}

describeEachDatabase('modules of aggregates', (db) => {
  it('take options from a factory, and a DataSource each', async () => {
    const testing = await Test.createTestingModule({
      imports: [
        TypeOrmModule.forRoot({ ...(await db.options()), autoLoadEntities: true }),
        TypeOrmModule.forRoot({ ...(await db.options()), name: 'second', autoLoadEntities: true }),
        EventSourcingModule.forRoot({ dispatch: 'none' }),
        EventSourcingModule.forRoot({ dispatch: 'none', dataSource: 'second' }),
        EventSourcingModule.forFeatureAsync({
          imports: [SettingsModule],
          inject: [Settings],
          useFactory: ({ snapshots }: Settings) => ({ snapshots }),
          aggregates: [Dog],
          application: 'TrainingSchool',
        }),
        EventSourcingModule.forFeature({
          aggregates: [Dog, Trainer],
          application: 'Elsewhere',
          dataSource: 'second',
        }),
      ],
      providers: [TrainingSchool],
    }).compile();
    testing.useLogger(false);
    const app = await testing.init();
    const school = app.get(TrainingSchool);
    const dog = Dog.register('fido');
    dog.addTrick({ trick: 'sit' });
    await school.dogs.save(dog);
    await school.others.save(Dog.register('rex'), new Trainer('ann'));
    const [first, second] = [undefined, 'second'].map((name) =>
      app.get<DataSource>(getDataSourceToken(name)),
    );
    const keys = async (dataSource: DataSource) =>
      (await dataSource.query('SELECT event_key FROM once_event ORDER BY position')).map(
        ({ event_key }: { event_key: string }) => event_key,
      );
    expect(await keys(first!)).toEqual(['stream:TrainingSchool:fido:1', 'stream:TrainingSchool:fido:2']);
    expect(await keys(second!)).toEqual(['stream:Elsewhere:rex:1']);
    const [snapshot] = await first!.query('SELECT version FROM once_snapshot');
    expect(Number(snapshot.version)).toBe(2);
    await app.close();
  });
});

describe('the module of aggregates', () => {
  const providersOf = (feature: object) => {
    const { providers } = EventSourcingModule.forFeature(feature);
    return providers as unknown as { provide: unknown; useFactory: (...given: unknown[]) => unknown }[];
  };
  const optionsOf = (feature: object) =>
    providersOf(feature)
      .find(({ provide }) => typeof provide === 'symbol')!
      .useFactory();

  it('refuses at bootstrap what its classes or options cannot be', async () => {
    for (const options of [
      { snapshots: { Dgo: 100 } },
      { snapshots: { Dog: 0 } },
      { snapshots: 7 },
      { cache: -1 },
    ])
      await expect(optionsOf({ aggregates: [Dog], ...options })).rejects.toThrow(InvalidOptionError);
    for (const feature of [{ application: 'a:b' }, { aggregates: 7 }])
      expect(() => EventSourcingModule.forFeature(feature as object)).toThrow(InvalidOptionError);
    expect(() => EventSourcingModule.forFeature({ aggregate: [Dog] } as object)).toThrow(UnknownOptionError);
    class Nameless extends Dog {}
    const provider = providersOf({ aggregates: [Nameless] }).find(({ provide }) =>
      String(provide).endsWith('of default)'),
    );
    const aggregates = new AggregateApplications({ types: new AggregateTypes() } as never);
    const options = await optionsOf({ aggregates: [Nameless] });
    expect(() => provider!.useFactory({ parts: { aggregates } }, options)).toThrow(InvalidAggregateError);
  });

  it('has a token for each application', () => {
    expect(getAggregatesToken(Dog)).not.toBe(getAggregatesToken(Dog, 'TrainingSchool'));
  });
});
