import { Injectable } from '@nestjs/common';
import { Interval, ScheduleModule, SchedulerRegistry } from '@nestjs/schedule';
import { ModelEventSource } from 'nestjs-once';
import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';
import { startApplication, type TestApplication } from '../support/application.js';
import { describeEachDatabase } from '../support/databases.js';
import { deferred, until } from '../support/deferred.js';

@Entity()
class Thing {
  @PrimaryGeneratedColumn() id: number;
  @Column() name: string;
}

let scanned = deferred();

@Injectable()
class Things {
  @ModelEventSource(Thing)
  *events(thing: Thing) {
    scanned.resolve();
    yield { group: 'thing', key: `thing_${thing.id}` };
  }
}

const EVERY_SECOND = '* * * * * *';

describeEachDatabase('the re-scan by the clock', (db) => {
  let application: TestApplication;

  const start = async (
    rescan: object,
    imports: NonNullable<Parameters<typeof startApplication>[0]['imports']> = [],
    providers: never[] = [],
  ) => {
    const database = await db.options();
    const before = await startApplication({ database, entities: [Thing] });
    await before.dataSource.getRepository(Thing).insert({ name: 'there before the source' });
    await before.close();
    scanned = deferred();
    application = await startApplication({
      database,
      entities: [Thing],
      imports,
      providers: [Things, ...providers],
      options: { rescan },
    });
    return application;
  };
  const isRecorded = () => until(async () => (await application.log.get('thing_1')) !== undefined);

  afterEach(() => application.close());

  it('runs once at the start', async () => {
    await start({ onStart: true });
    await isRecorded();
  });

  it('runs on a cron job of its own', async () => {
    await start({ cron: EVERY_SECOND });
    await scanned.promise;
    await isRecorded();
  });

  it("runs on the application's scheduler, whose own jobs fire as often as before", async () => {
    const fired: number[] = [];
    const third = deferred();
    @Injectable()
    class Jobs {
      @Interval(200)
      tick() {
        if (fired.push(performance.now()) === 3) third.resolve();
      }
    }
    const { app } = await start({ cron: EVERY_SECOND }, [ScheduleModule.forRoot()], [Jobs] as never[]);
    const registry = app.get(SchedulerRegistry);
    expect([...registry.getCronJobs().keys()]).toEqual(['nestjs-once:rescan:default']);
    expect(registry.getIntervals()).toHaveLength(1);
    await third.promise;
    // Fired twice as often, the first and the second would come together.
    expect(fired[2]! - fired[0]!).toBeGreaterThan(250);
    await isRecorded();
  });
});
