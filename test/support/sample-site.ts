import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { type CorsOptions, EventLog, type RecordedEvent } from 'nestjs-once';
import { createTransport } from 'nodemailer';
import { filter, firstValueFrom, from, merge, mergeMap } from 'rxjs';
import { AppModule } from '../../sample-app/app.module.js';
import { databaseOptions } from '../../sample-app/database.js';
import { FileTransport } from '../../sample-app/mails/file-transport.js';
import { configure } from '../../sample-app/server.js';

/** The sample application as `npm start` runs it, with a database of its own, and able to go away and come back. */
export class SampleSite {
  private readonly folder = mkdtempSync(join(tmpdir(), 'once-site-'));
  private app: INestApplication | undefined;
  private port = 0;

  constructor(private readonly cors?: CorsOptions) {}

  get url(): string {
    return `http://localhost:${this.port}`;
  }

  /** At the port of the first time. */
  async start(): Promise<void> {
    const module = AppModule.forRoot({
      database: databaseOptions(join(this.folder, 'donations.db')),
      mails: createTransport(new FileTransport(join(this.folder, 'mails'))),
      clock: { now: () => new Date() },
      eventSourcing: { rescan: false, http: { allow: ['site.*'], cors: this.cors } },
    });
    this.app = configure(
      await NestFactory.create(module, {
        logger: ['error'],
        forceCloseConnections: true,
        abortOnError: false,
      }),
    );
    await this.app.listen(this.port);
    this.port = (this.app.getHttpServer().address() as AddressInfo).port;
  }

  async goAway(): Promise<void> {
    await this.app?.close();
    this.app = undefined;
  }

  /** For good. */
  async remove(): Promise<void> {
    await this.goAway();
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }

  /** What the notes of all cheers in the log say, in its order. */
  async notes(): Promise<string[]> {
    const notes: string[] = [];
    for await (const { data } of this.log.read({ groups: ['site.Cheer'] }))
      notes.push((data as { note: string }).note);
    return notes;
  }

  /** Resolves when a cheer of this note is in the log. */
  async recorded(note: string): Promise<RecordedEvent> {
    const log = this.log;
    const now = merge(from(log.read({ groups: ['site.Cheer'] })), recordedBy(log));
    return firstValueFrom(now.pipe(filter(({ data }) => (data as { note: string }).note === note)));
  }

  private get log(): EventLog {
    if (!this.app) throw new Error('Expected the site to be there: it is away.');
    return this.app.get(EventLog);
  }
}

/** Subscribed to before the log is read, so that nothing falls in between. */
function recordedBy(log: EventLog) {
  return log.stream({ groups: 'site.Cheer' }).pipe(
    filter((item) => item.type === 'recorded'),
    mergeMap(({ event }) => [event]),
  );
}

/** Builds the script that the application serves. */
export function buildClientScript(): void {
  const { status, stderr } = spawnSync('npm', ['run', 'build:script', '--silent'], {
    encoding: 'utf8',
    shell: process.platform === 'win32',
  });
  if (status !== 0) throw new Error(stderr);
}
