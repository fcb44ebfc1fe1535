// The application of the tests of the command line: its database, and what differs by test, come by the environment.
import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { type EventSourcingOptions, EventSourcingModule } from 'nestjs-once';
import { type DatabaseAddress, dataSourceOptionsFrom } from '../../support/data-source-options.js';
import { Dog } from '../../support/dog.js';
import { Mails, Order, Orders, Signup } from './shop-parts.js';

const fromEnvironment = (name: string) => JSON.parse(process.env[name] ?? '{}') as unknown;

@Module({
  imports: [
    TypeOrmModule.forRootAsync({
      useFactory: () => ({
        ...dataSourceOptionsFrom(fromEnvironment('COMMAND_DATABASE') as DatabaseAddress),
        entities: [Order],
        autoLoadEntities: true,
        synchronize: true,
      }),
    }),
    EventSourcingModule.forRootAsync({
      useFactory: () => ({
        retry: { maxRetries: 0 },
        retention: { succeeded: 0 },
        events: [Signup],
        ...(fromEnvironment('COMMAND_OPTIONS') as EventSourcingOptions),
      }),
    }),
    EventSourcingModule.forFeature({ aggregates: [Dog] }),
  ],
  providers: [Orders, Mails],
})
export class AppModule {}
