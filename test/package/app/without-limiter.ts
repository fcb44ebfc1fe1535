import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { TypeOrmModule } from '@nestjs/typeorm';
import libsql from 'libsql';
import { EventSourcingModule, MissingRateLimiterError } from 'nestjs-once';

@Module({
  imports: [
    TypeOrmModule.forRoot({ type: 'better-sqlite3', driver: libsql, database: ':memory:' }),
    EventSourcingModule.forRoot({ http: { allow: ['shop.*'] } }),
  ],
})
class AppModule {}

async function main() {
  const options = { logger: false, abortOnError: false } as const;
  const refused = await NestFactory.createApplicationContext(AppModule, options).catch(
    (error: unknown) => error,
  );
  if (!(refused instanceof MissingRateLimiterError)) throw new Error('Requests would not be counted.');
  console.log(refused.code);
}

void main();
