// The same application in its next release, with a new version of a follower: its database comes by the environment.
import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { EventSourcingModule } from 'nestjs-once';
import { type DatabaseAddress, dataSourceOptionsFrom } from '../../support/data-source-options.js';
import { Dog } from '../../support/dog.js';
import { Grumbler, TrickCount, TrickCount2, TrickCounter2 } from './school-parts.js';

@Module({
  imports: [
    TypeOrmModule.forRootAsync({
      useFactory: () => ({
        ...dataSourceOptionsFrom(JSON.parse(process.env.COMMAND_DATABASE ?? '{}') as DatabaseAddress),
        entities: [TrickCount, TrickCount2],
        autoLoadEntities: true,
        synchronize: true,
      }),
    }),
    EventSourcingModule.forRoot({}),
    EventSourcingModule.forFeature({ aggregates: [Dog], application: 'TrainingSchool' }),
  ],
  providers: [TrickCounter2, Grumbler],
})
export class AppModule {}
