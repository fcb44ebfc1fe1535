import 'reflect-metadata';
import { Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { TypeOrmModule } from '@nestjs/typeorm';
import libsql from 'libsql';
import { event, EventHandler, EventSourcingModule, ModelEventSource, type RecordedEvent } from 'nestjs-once';
import { eventLog } from 'nestjs-once/client';
import { drain } from 'nestjs-once/testing';
import { Column, DataSource, Entity, PrimaryGeneratedColumn } from 'typeorm';

@Entity()
class Member {
  @PrimaryGeneratedColumn()
  id: number;

  @Column('varchar')
  name: string;
}

let sayHandled: (name: string) => void;
const handled = new Promise<string>((resolve) => (sayHandled = resolve));

@Injectable()
class Members {
  @ModelEventSource(Member)
  *joined(member: Member) {
    yield event('member_joined', member.id, { member });
  }

  @EventHandler('member_*')
  welcome({ key, data }: RecordedEvent<{ member: Member }>) {
    sayHandled(`${key}: ${data.member.name}`);
  }
}

@Module({
  imports: [
    TypeOrmModule.forRoot({
      type: 'better-sqlite3',
      driver: libsql,
      database: ':memory:',
      entities: [Member],
      autoLoadEntities: true,
      synchronize: true,
    }),
    EventSourcingModule.forRoot(),
  ],
  providers: [Members],
})
class AppModule {}

async function main() {
  const app = await NestFactory.createApplicationContext(AppModule, { logger: ['warn', 'error'] });
  await app.get(DataSource).getRepository(Member).save({ name: 'Ada' });
  console.log(`handled ${await handled}`);
  // As a page that is rendered here would: nothing happens.
  eventLog.log('app.PageView');
  await drain(app);
  await app.close();
}

void main();
