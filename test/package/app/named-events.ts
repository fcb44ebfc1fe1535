import 'reflect-metadata';
import { Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { TypeOrmModule } from '@nestjs/typeorm';
import { Type } from 'class-transformer';
import { IsInt, ValidateNested } from 'class-validator';
import libsql from 'libsql';
import {
  EventHandler,
  EventLog,
  EventSourcingModule,
  EventType,
  EventValidationError,
  type RecordedEvent,
} from 'nestjs-once';

class Place {
  @IsInt()
  @Type(() => Number)
  position: number;

  next(): number {
    return this.position + 1;
  }
}

@EventType('shop.Click')
class Click {
  @ValidateNested()
  @Type(() => Place)
  place: Place;
}

let sayHandled: (name: string) => void;
const handled = new Promise<string>((resolve) => (sayHandled = resolve));

@Injectable()
class Clicks {
  @EventHandler(Click)
  handle({ group, data }: RecordedEvent<Click>) {
    sayHandled(`${group} at ${data.place.next()}`);
  }
}

@Module({
  imports: [
    TypeOrmModule.forRoot({ type: 'better-sqlite3', driver: libsql, database: ':memory:' }),
    EventSourcingModule.forRoot({ events: [Click] }),
  ],
  providers: [Clicks],
})
class AppModule {}

async function main() {
  const app = await NestFactory.createApplicationContext(AppModule, { logger: ['warn', 'error'] });
  const log = app.get(EventLog);
  const refused = await log.log('shop.Click', { place: { position: 'x' } }).catch((error: unknown) => error);
  if (!(refused instanceof EventValidationError)) throw new Error('Nothing was validated.');
  await log.log('shop.Click', { place: { position: '2' } });
  console.log(`handled ${await handled}`);
  await app.close();
}

void main();
