import type { ModuleMetadata } from '@nestjs/common';
import {
  Aggregate,
  AggregateEvent,
  type AggregateRepository,
  AggregateType,
  EventSourcingModule,
  getAggregatesToken,
} from 'nestjs-once';
import { Column, type DataSourceOptions, Entity, PrimaryGeneratedColumn } from 'typeorm';
import { type ApplicationSetup, startApplication, type TestApplication } from '../../support/application.js';
import { Dog } from '../../support/dog.js';

@AggregateType('Trainer')
export class Trainer extends Aggregate {
  dogs = new Set<string>();
  since?: Date;

  @AggregateEvent('DogTaken', ['dog', 'since'])
  take(dog: string, since: Date): void {
    this.dogs.add(dog);
    this.since ??= since;
  }
}

@Entity()
export class Fee {
  @PrimaryGeneratedColumn()
  id: number;

  @Column()
  dog: string;
}

export interface School extends TestApplication {
  dogs: AggregateRepository<Dog>;
  trainers: AggregateRepository<Trainer>;
}

export interface SchoolSetup extends Partial<ApplicationSetup> {
  database: DataSourceOptions;
  feature?: Partial<Parameters<typeof EventSourcingModule.forFeature>[0]>;
  others?: NonNullable<ModuleMetadata['imports']>;
}

export async function startSchool({ feature = {}, others = [], ...setup }: SchoolSetup): Promise<School> {
  const application = await startApplication({
    entities: [Fee],
    ...setup,
    imports: [
      EventSourcingModule.forFeature({
        aggregates: [Dog, Trainer],
        application: 'TrainingSchool',
        ...feature,
      }),
      ...others,
    ],
  });
  const of = <T extends Aggregate>(type: new (id: string) => T) =>
    application.app.get<AggregateRepository<T>>(getAggregatesToken(type), { strict: false });
  return { ...application, dogs: of(Dog), trainers: of(Trainer) };
}

/** What a promise is rejected with. */
export async function rejection(promise: Promise<unknown>): Promise<any> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error('Expected it to be rejected');
}
