import { NestFactory } from '@nestjs/core';
import { createTransport } from 'nodemailer';
import { AppModule } from '../app.module.js';
import { databaseOptions } from '../database.js';
import { FileTransport } from '../mails/file-transport.js';
import { answerCommands, tellParent } from './commands.js';
import { processSettings } from './process-settings.js';
import { ReportingTransport } from './reporting-transport.js';
import { ShiftedClock } from './shifted-clock.js';

export interface WorkerCommands {
  setClock(offset: number): Promise<void>;
  /** Lets what runs finish, and releases the rest. */
  stop(): Promise<void>;
}

/** Milliseconds that a mail takes, as if a mail server were asked. */
const MAIL_LATENCY = 20;

/** The process that handles events and saves none; the demo kills it now and then. */
export async function runWorker(): Promise<void> {
  const { database, mails, clockOffset } = processSettings();
  const clock = new ShiftedClock(clockOffset);
  const transport = new ReportingTransport(new FileTransport(mails, MAIL_LATENCY), (mail) =>
    tellParent({ mail }),
  );
  const module = AppModule.forRoot({
    database: databaseOptions(database, false),
    mails: createTransport(transport),
    clock,
    // Short, so that what a killed worker had begun is soon taken over; long enough for a busy machine.
    eventSourcing: { schema: 'migrate', worker: { lease: '5s', pollInterval: '100ms' }, rescan: false },
  });
  const app = await NestFactory.createApplicationContext(module, { logger: ['error', 'fatal'] });
  answerCommands<WorkerCommands>({
    setClock: async (offset) => void (clock.offset = offset),
    stop: () => app.close(),
  });
}
