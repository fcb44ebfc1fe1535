import { type DynamicModule, Module } from '@nestjs/common';
import { TypeOrmModule, type TypeOrmModuleOptions } from '@nestjs/typeorm';
import { type Clock, EventSourcingModule, type EventSourcingOptions } from 'nestjs-once';
import type { Transporter } from 'nodemailer';
import { ChallengesModule } from './challenges/challenges.module.js';
import { ClockModule } from './clock.module.js';
import { DogsModule } from './dogs/dogs.module.js';
import { DonationsModule } from './donations/donations.module.js';
import { EventsModule } from './events/events.module.js';
import { MailsModule } from './mails/mails.module.js';
import { SiteModule } from './site/site.module.js';
import { UsersModule } from './users/users.module.js';

/** What differs between the server, the demo's processes and the tests. */
export interface AppOptions {
  database: TypeOrmModuleOptions;
  mails: Transporter;
  clock: Clock;
  eventSourcing: Omit<EventSourcingOptions, 'clock'>;
}

@Module({})
export class AppModule {
  static forRoot({ database, mails, clock, eventSourcing }: AppOptions): DynamicModule {
    return {
      module: AppModule,
      imports: [
        TypeOrmModule.forRoot(database),
        EventSourcingModule.forRoot({ ...eventSourcing, clock }),
        ClockModule.forRoot(clock),
        MailsModule.forRoot(mails),
        UsersModule,
        ChallengesModule,
        DonationsModule,
        DogsModule,
        EventsModule,
        SiteModule,
      ],
    };
  }
}
