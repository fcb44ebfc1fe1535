import { NestFactory } from '@nestjs/core';
import { Deliveries, type DeliveryCount, EventLog, Rescan } from 'nestjs-once';
import { createTransport } from 'nodemailer';
import { DataSource } from 'typeorm';
import { AppModule } from '../app.module.js';
import type { CalendarDay } from '../calendar-day.js';
import { TimelineEntry } from '../challenges/timeline-entry.entity.js';
import { readChallengeData } from '../data/challenge-data.js';
import { ChallengeImport } from '../data/challenge-import.js';
import { databaseOptions } from '../database.js';
import { FileTransport } from '../mails/file-transport.js';
import { answerCommands } from './commands.js';
import { processSettings } from './process-settings.js';
import { ShiftedClock } from './shifted-clock.js';

export interface WriterCommands {
  setClock(offset: number): Promise<void>;
  /** Saves users and challenges, with the donations made up to that day. */
  importChallenges(today: CalendarDay): Promise<void>;
  /** Saves the donations of that day; gives their number. */
  importDonations(day: CalendarDay): Promise<number>;
  rescan(): Promise<RescanFigures>;
  /** Event keys of the mails that a worker has claimed and not noted as sent. */
  unfinishedMails(): Promise<string[]>;
  /** Deliveries that are not finished. */
  open(): Promise<number>;
  figures(): Promise<DatabaseFigures>;
  stop(): Promise<void>;
}

export interface RescanFigures {
  rows: number;
  events: number;
  recorded: number;
  failed: number;
}

/** What the database says in the end. */
export interface DatabaseFigures {
  recorded: { key: string; group: string }[];
  /** Event keys of the rows that the transactional handler wrote. */
  timeline: string[];
  /** Number of deliveries by status. */
  deliveries: Record<string, number>;
}

/** The process that saves and re-scans, and handles nothing. */
export async function runWriter(): Promise<void> {
  const { database, mails, clockOffset } = processSettings();
  const clock = new ShiftedClock(clockOffset);
  const module = AppModule.forRoot({
    database: databaseOptions(database),
    mails: createTransport(new FileTransport(mails)),
    clock,
    eventSourcing: { schema: 'migrate', dispatch: 'none' },
  });
  const app = await NestFactory.createApplicationContext(module, { logger: ['error', 'fatal'] });
  const deliveries = app.get(Deliveries);
  const challenges = new ChallengeImport(app.get(DataSource).manager, await readChallengeData());
  answerCommands<WriterCommands>({
    setClock: async (offset) => void (clock.offset = offset),
    importChallenges: (today) => challenges.saveChallenges(today),
    importDonations: (day) => challenges.saveDonations(day),
    rescan: async () => (await app.get(Rescan).run()).totals,
    unfinishedMails: () => unfinishedMails(deliveries),
    open: () => open(deliveries),
    figures: () => figures(app.get(EventLog), deliveries, app.get(DataSource)),
    stop: () => app.close(),
  });
}

async function unfinishedMails(deliveries: Deliveries): Promise<string[]> {
  const { items } = await deliveries.list(
    { status: 'running', handler: 'ChallengeMails.send' },
    { limit: 1000 },
  );
  return items.map(({ key }) => key);
}

async function open(deliveries: Deliveries): Promise<number> {
  const { pending, running } = await deliveries.counts();
  return least(pending) + least(running);
}

async function figures(
  log: EventLog,
  deliveries: Deliveries,
  dataSource: DataSource,
): Promise<DatabaseFigures> {
  const recorded: DatabaseFigures['recorded'] = [];
  for await (const { key, group } of log.read({})) recorded.push({ key, group });
  const timeline = await dataSource.getRepository(TimelineEntry).find({ select: { eventKey: true } });
  return {
    recorded,
    timeline: timeline.map(({ eventKey }) => eventKey),
    deliveries: Object.fromEntries(
      Object.entries(await deliveries.counts()).map(([status, count]) => [status, least(count)]),
    ),
  };
}

/** Beyond a limit a count says only how many there are at least. */
function least(count: DeliveryCount): number {
  return typeof count === 'number' ? count : count.count;
}
