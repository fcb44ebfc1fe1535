import { type DynamicModule, type INestApplicationContext, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { TypeOrmModule } from '@nestjs/typeorm';
import { type EventSourcingOptions, EventSourcingModule, Followers } from 'nestjs-once';
import { runCommands } from 'nestjs-once/cli';
import { DataSource } from 'typeorm';
import { databaseOptions } from '../database.js';
import { DogsModule } from '../dogs/dogs.module.js';
import { TrainingSchool } from '../dogs/training-school.js';
import { TrickCount } from '../dogs/trick-count.entity.js';
import {
  FIRST_LESSONS,
  LAST_LESSONS,
  LATER_LESSONS,
  type Lessons,
  told,
  type Totals,
  totalsOf,
} from './dogs-lessons.js';
import { ScratchSpace } from './scratch-space.js';

@Module({})
class DogSchool {}

/** Says what is shown, and whether it is as it should be. */
type Check = (what: string, expected: string, actual: string) => void;

/**
 * Shows the school for dogs on a new SQLite file: dogs learn tricks, and the commands of followers sync, reset and draw the one that
 * counts them. Gives whether all totals are right.
 */
export async function runDogsDemo(
  lines: (line: string) => void = console.log,
  expected: typeof totalsOf = totalsOf,
): Promise<boolean> {
  const space = await ScratchSpace.create();
  let ok = true;
  const check: Check = (what, wanted, actual) => {
    const holds = wanted === actual;
    ok &&= holds;
    lines(holds ? `✓ ${what}: ${actual}` : `✗ NOT TRUE: ${what}: ${actual}, expected ${wanted}`);
  };
  try {
    await new DogsDemo(space.database, lines, check).run(expected);
    return ok;
  } finally {
    await space.remove();
  }
}

class DogsDemo {
  constructor(
    private readonly database: string,
    private readonly say: (line: string) => void,
    private readonly check: Check,
  ) {}

  async run(expected: typeof totalsOf): Promise<void> {
    await this.teach(FIRST_LESSONS);
    await this.command('sync-followers', '-n', '-v', '2');
    await this.shows('a dry run counts nothing', {});
    await this.command('sync-followers', '-v', '2');
    await this.shows('synced', expected(FIRST_LESSONS));
    await this.teach(LATER_LESSONS);
    await this.command('sync-followers', '-v', '3', 'TrickCounter');
    const both = expected(FIRST_LESSONS, LATER_LESSONS);
    await this.shows('synced again, each event once', both);
    await this.resets(both);
    await this.command('followers', 'graph');
    await this.fails('an unknown follower is wrong use', 2, 'sync-followers', 'CatCounter');
    await this.follows(expected(FIRST_LESSONS, LATER_LESSONS, LAST_LESSONS));
  }

  private async resets(totals: Totals): Promise<void> {
    await this.command('reset-follower');
    await this.command('reset-follower', '-n', 'TrickCounter');
    await this.shows('a dry run forgets nothing', totals);
    await this.command('reset-follower', 'TrickCounter');
    await this.shows('reset', {});
    await this.command('sync-followers');
    await this.shows('counted anew, to the same totals', totals);
  }

  /** As a server does it, with nobody calling commands. */
  private async follows(totals: Totals): Promise<void> {
    await this.with({ dispatch: 'background' }, async (app) => {
      await teach(app.get(TrainingSchool, { strict: false }), LAST_LESSONS);
      const followers = app.get(Followers);
      const { position, lag } = await followers.status('TrickCounter');
      await followers.waitFor('TrickCounter', position + lag);
    });
    await this.shows('followed in the background', totals);
  }

  private async teach(lessons: Lessons): Promise<void> {
    await this.with({ dispatch: 'none' }, async (app) => {
      const school = app.get(TrainingSchool, { strict: false });
      await teach(school, lessons);
      for (const [name, tricks] of Object.entries(lessons))
        this.check(`${name} has learnt`, tricks.join(', '), (await school.tricksOf(name)).join(', '));
    });
  }

  private async shows(what: string, totals: Totals): Promise<void> {
    await this.with({ dispatch: 'none' }, async (app) => {
      const counts = await app.get(DataSource).getRepository(TrickCount).find();
      const actual = Object.fromEntries(counts.map(({ trick, dogs }) => [trick, dogs]));
      this.check(what, told(totals), told(actual));
    });
  }

  private command(...argv: string[]): Promise<void> {
    return this.fails('exit code', 0, ...argv);
  }

  private async fails(what: string, code: number, ...argv: string[]): Promise<void> {
    this.say(`\n$ nestjs-once ${argv.join(' ')}`);
    this.check(what, `${code}`, `${await runCommands(() => this.start({}), argv)}`);
  }

  private async with(
    options: EventSourcingOptions,
    work: (app: INestApplicationContext) => Promise<void>,
  ): Promise<void> {
    const app = await this.start(options);
    try {
      await work(app);
    } finally {
      await app.close();
    }
  }

  private start(options: EventSourcingOptions): Promise<INestApplicationContext> {
    const module: DynamicModule = {
      module: DogSchool,
      imports: [
        TypeOrmModule.forRoot(databaseOptions(this.database)),
        EventSourcingModule.forRoot({ schema: 'migrate', summary: false, ...options }),
        DogsModule,
      ],
    };
    return NestFactory.createApplicationContext(module, { logger: ['error', 'fatal'] });
  }
}

async function teach(school: TrainingSchool, lessons: Lessons): Promise<void> {
  for (const [name, tricks] of Object.entries(lessons)) {
    await school.register(name);
    for (const trick of tricks) await school.addTrick(name, trick);
  }
}
