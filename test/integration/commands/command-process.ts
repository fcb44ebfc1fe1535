import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { TypeOrmModule } from '@nestjs/typeorm';
import { EventSourcingModule } from 'nestjs-once';
import { type DatabaseAddress, dataSourceOptionsFrom } from '../../support/databases.js';
import { Note, Pay, PaidInFull } from './payments.js';

/** Executes `Pay`, and stands still when it has written, before its transaction is committed. */
const { address } = JSON.parse(process.argv[2]!) as { address: DatabaseAddress };
Pay.written = () => {
  process.send!('stands still');
  return new Promise(() => undefined);
};

@Module({
  imports: [
    TypeOrmModule.forRoot({ ...dataSourceOptionsFrom(address), entities: [Note], autoLoadEntities: true }),
    EventSourcingModule.forRoot({ summary: false, worker: { pollInterval: 50, lease: '3s' } }),
    EventSourcingModule.forFeature({ events: [PaidInFull], commands: [Pay] }),
  ],
})
class Application {}

await NestFactory.createApplicationContext(Application, { logger: false });
