// A process of the application under fire: node test/support/run-ts.mjs <this file> <ChaosSetup as JSON>.
// It tells its parent by messages that it is ready; everything else is in its journal.
import { type INestApplicationContext, type LoggerService, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { getDataSourceToken, TypeOrmModule } from '@nestjs/typeorm';
import {
  type AggregateRepository,
  EventLog,
  EventSourcingModule,
  Followers,
  getAggregatesToken,
} from 'nestjs-once';
import type { DataSource } from 'typeorm';
import { dataSourceOptionsFrom } from '../../support/data-source-options.js';
import { seededRandom } from '../../support/seeded-random.js';
import { ENTITIES } from './entities.js';
import { Handlers, SETUP, Sources } from './handlers.js';
import { Journal, machineTime } from './journal.js';
import { Loop } from './loop.js';
import { Chooser } from './chooser.js';
import { Marker } from './marker.js';
import { LEASE, POLL_INTERVAL, SHUTDOWN_TIMEOUT, SNAPSHOT_EVERY } from './plan.js';
import { OtherSubscriber } from './other-subscriber.js';
import { Producer } from './producer.js';
import type { ChaosSetup } from './setup.js';
import { Tally } from './tally.js';
import { Reader, witnessIn } from './witness.js';

/** Exit codes beside 0. */
const COULD_NOT_START = 75;
const CRASHED = 70;

/** Milliseconds between two looks at whether the event loop goes on. */
const TICK = 50;

const setup = JSON.parse(process.argv[2]!) as ChaosSetup;
const journal = new Journal(setup.journal);

function watchItself(): void {
  const crash = (kind: string) => (error: unknown) => {
    journal.note({
      what: 'unhandled',
      text: `${kind}: ${error instanceof Error ? error.stack : String(error)}`,
    });
    process.exit(CRASHED);
  };
  process.on('uncaughtException', crash('uncaught exception'));
  process.on('unhandledRejection', crash('unhandled rejection'));
  // A conductor that was killed leaves no processes behind.
  process.on('disconnect', () => process.exit(0));
  let last = machineTime();
  setInterval(() => {
    const now = machineTime();
    if (now - last > LEASE / 20) journal.note({ what: 'still', from: last });
    last = now;
  }, TICK).unref();
}

/** Kept for whoever looks into what was found; of leases the judge has to know. */
const logger: LoggerService = {
  log: (message: unknown) => noteLog(String(message)),
  warn: (message: unknown) => noteLog(String(message)),
  error: (message: unknown) => noteLog(String(message)),
};

function noteLog(text: string): void {
  if (/lease of this process (was lost|lapsed)/.test(text)) journal.note({ what: 'lease lost' });
  journal.note({ what: 'log', text: text.slice(0, 500) });
}

@Module({
  imports: [
    TypeOrmModule.forRoot({
      ...dataSourceOptionsFrom(setup.address, { entities: ENTITIES, poolSize: setup.poolSize }),
      autoLoadEntities: true,
      subscribers: [OtherSubscriber],
      retryAttempts: 1,
    }),
    EventSourcingModule.forRoot({
      dispatch: setup.handles ? 'background' : 'none',
      worker: {
        lease: LEASE,
        pollInterval: POLL_INTERVAL,
        shutdownTimeout: SHUTDOWN_TIMEOUT,
        concurrency: 8,
        directUrl: setup.address.directUrl,
      },
      retry: { interval: 50, backoff: 1 },
    }),
    // Fewer are kept in memory than there are.
    EventSourcingModule.forFeature({ aggregates: [Tally], snapshots: { Tally: SNAPSHOT_EVERY }, cache: 3 }),
  ],
  providers: [
    Sources,
    Handlers,
    witnessIn(setup.version),
    Reader,
    { provide: Journal, useValue: journal },
    { provide: SETUP, useValue: setup },
  ],
})
class Application {}

async function main(): Promise<void> {
  watchItself();
  const app = await NestFactory.createApplicationContext(Application, { logger, abortOnError: false }).catch(
    (error: unknown) => {
      noteLog(`could not start: ${String(error)}`);
      process.exit(COULD_NOT_START);
    },
  );
  const log = app.get(EventLog);
  log.stream().subscribe(({ type, event: { key, position } }) => {
    if (type === 'recorded') journal.note({ what: 'told', key, position });
  });
  app.enableShutdownHooks(['SIGTERM'], { useProcessExit: true });
  if (setup.jumpingClock) journal.note({ what: 'made', fault: 'clock' });
  if (setup.poolSize === 1) journal.note({ what: 'made', fault: 'pool-of-one' });
  if (setup.role === 'work') resetWhenAsked(app.get(Followers));
  process.send?.('ready');
  if (setup.role === 'work') return;
  const loops = loopsOf(app, log);
  process.once('SIGTERM', () => loops.forEach((loop) => loop.stop()));
  await Promise.all(loops.map((loop) => loop.run()));
}

/** A reset that the database or a signal has ended is none, and may be asked for again. */
function resetWhenAsked(followers: Followers): void {
  process.on('message', (name: string) => {
    const answer = (text: string) => process.connected && process.send?.(text);
    void followers.reset(name).then(
      () => answer('reset'),
      (error: unknown) => {
        noteLog(`could not reset ${name}: ${String(error)}`);
        answer('not reset');
      },
    );
  });
}

/** What a producer does, all of it at once; whoever adds something adds it here. */
function loopsOf(app: INestApplicationContext, log: EventLog): Loop[] {
  const dataSource = app.get<DataSource>(getDataSourceToken());
  const tallies = app.get<AggregateRepository<Tally>>(getAggregatesToken(Tally));
  const lots = (work: number) => seededRandom(setup.seed + work);
  const marker = (random: () => number) => new Marker({ setup, dataSource, tallies, journal, random });
  return [
    new Loop(new Producer({ setup, dataSource, log, tallies, journal, random: lots(0) }), lots(10)),
    // They are in each other's way.
    ...[1, 2].map((work) => new Loop(marker(lots(work)), lots(10 + work))),
    new Loop(new Chooser({ dataSource, log, journal, random: lots(3) }), lots(13)),
  ];
}

await main();
