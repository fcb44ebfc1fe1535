import { type INestApplication, ValidationPipe } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { CronExpression } from '@nestjs/schedule';
import { createTransport, type Transporter } from 'nodemailer';
import { AppModule } from './app.module.js';
import { databaseOptions } from './database.js';
import { FileTransport } from './mails/file-transport.js';

/** Starts the donation platform: HTTP, worker and hourly re-scan in one process. */
export async function serve(env: NodeJS.ProcessEnv): Promise<INestApplication> {
  const options = {
    database: databaseOptions(env.DATABASE_URL ?? 'donations.db'),
    mails: transporter(env),
    clock: { now: () => new Date() },
    eventSourcing: {
      schema: 'migrate',
      rescan: { cron: CronExpression.EVERY_HOUR, onStart: true },
      // What web pages may record.
      http: { path: 'event/log', allow: ['site.*'] },
    } as const,
  };
  // Pages that watch keep a connection open, which would hold up the shutdown.
  const app = configure(
    await NestFactory.create(AppModule.forRoot(options), { forceCloseConnections: true }),
  );
  app.enableShutdownHooks();
  await app.listen(Number(env.PORT ?? 3000));
  return app;
}

/** What the server and the tests have in common: input is checked, and unknown properties are refused. */
export function configure<T extends INestApplication>(app: T): T {
  app.useGlobalPipes(new ValidationPipe({ whitelist: true, forbidNonWhitelisted: true, transform: true }));
  return app;
}

function transporter({ SMTP_URL, MAIL_FOLDER }: NodeJS.ProcessEnv): Transporter {
  return SMTP_URL ? createTransport(SMTP_URL) : createTransport(new FileTransport(MAIL_FOLDER ?? 'mails'));
}
