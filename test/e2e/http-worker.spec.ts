import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { TypeOrmModule } from '@nestjs/typeorm';
import { EventLog, EventSourcingModule } from 'nestjs-once';
import { describeAnyDatabase } from '../support/databases.js';
import { RecordingLogger } from '../support/recording-logger.js';

describeAnyDatabase('a worker process without an HTTP server', (db) => {
  it('shares its module with the web process: it records, and says once that the HTTP route is not there', async () => {
    @Module({
      imports: [
        TypeOrmModule.forRoot(await db.options()),
        EventSourcingModule.forRoot({ http: { allow: ['shop.*'], rateLimit: false } }),
        EventSourcingModule.forNotifications(),
      ],
    })
    class Shared {}
    const logger = new RecordingLogger();
    const app = await NestFactory.createApplicationContext(Shared, { logger, abortOnError: false });
    try {
      expect((await app.get(EventLog).append({ group: 'a', key: 'a' })).recorded).toBe(true);
      expect(logger.lines.filter((line) => line.includes('HTTP'))).toEqual([
        'log: This process has no HTTP server: no events are taken over HTTP here, at /event/log or elsewhere.',
      ]);
      expect(
        logger.of('log').filter((line) => line.includes('Event log of DataSource "default"')),
      ).toHaveLength(1);
    } finally {
      await app.close();
    }
  });
});
