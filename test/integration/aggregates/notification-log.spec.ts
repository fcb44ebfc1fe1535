import { type CanActivate, type ExecutionContext, Injectable, UnauthorizedException } from '@nestjs/common';
import {
  EventSourcingModule,
  InvalidSectionError,
  NotificationLog,
  remoteNotificationLog,
} from 'nestjs-once';
import type { DataSourceOptions } from 'typeorm';
import { describeAnyDatabase, describeEachDatabase } from '../../support/databases.js';
import { deferred } from '../../support/deferred.js';
import { ADAPTERS, type HttpApplication, startHttpApplication } from '../../support/http-application.js';
import { Dog } from '../../support/dog.js';
import { rejection, type School, startSchool } from './school.js';

describeEachDatabase('the notification log', (db) => {
  let school: School;
  let notifications: NotificationLog;
  let [one, two] = ['', ''];

  beforeAll(async () => {
    const others = [EventSourcingModule.forFeature({ aggregates: [Dog], application: 'TrainingSchool 2' })];
    school = await startSchool({ database: await db.options(), others });
    notifications = school.app.get(NotificationLog);
    one = 'first';
    two = 'second';
    const dog = Dog.register(one);
    dog.addTrick({ trick: 'sit' });
    await school.trainers.save(dog);
    await school.log.append({ group: 'app.Plain', key: 'plain' });
    await school.trainers.save(Dog.register(two));
    // On one server, other databases' transactions may hold up the horizon for a moment.
    while ((await notifications.select()).length < 4);
  });
  afterAll(() => school.close());

  const keys = async (selection: Parameters<NotificationLog['select']>[0]) =>
    (await notifications.select(selection)).map(({ key }) => key);
  const all = () => [
    `stream:TrainingSchool:${one}:1`,
    `stream:TrainingSchool:${one}:2`,
    'plain',
    `stream:TrainingSchool:${two}:1`,
  ];

  it('selects in log order, by position, group and application', async () => {
    expect(await keys({})).toEqual(all());
    const positions = (await notifications.select()).map(({ position }) => position);
    expect(await keys({ after: positions[0]!, until: positions[2]! })).toEqual(all().slice(1, 3));
    expect(await keys({ after: positions[1]!, limit: 1 })).toEqual(['plain']);
    expect(await keys({ groups: ['Dog.Registered', 'app.Plain'] })).toEqual([all()[0], all()[2], all()[3]]);
    expect(await keys({ groups: [] })).toEqual([]);
    expect(await keys({ application: 'TrainingSchool' })).toEqual([all()[0], all()[1], all()[3]]);
    expect(await keys({ application: 'Training' })).toEqual([]);
    for (const selection of [{ after: -1 }, { limit: 1.5 }, { groups: 'a' as never }, { from: 1 } as object])
      expect(await rejection(notifications.select(selection))).toMatchObject({
        code: expect.stringMatching(/_OPTION$/),
      });
  });

  it('has sections by position, with gaps skipped and their real id', async () => {
    const positions = (await notifications.select()).map(({ position }) => position);
    await school.dataSource.query(`DELETE FROM once_event WHERE event_key = 'plain'`);
    const [first, second, , last] = positions as [number, number, number, number];
    const section = await notifications.section(`${first},${first + 2}`);
    expect(section).toMatchObject({ id: `${first},${last}`, next: `${last + 1},${last + 3}` });
    expect(section.items.map(({ position }) => position)).toEqual([first, second, last]);
    expect(await notifications.section(`${second},${second + 9}`)).toMatchObject({
      id: `${second},${last}`,
      next: null,
    });
    expect(await notifications.section(`${last + 1},${last + 10}`)).toEqual({
      id: null,
      next: null,
      items: [],
    });
    const ids = [
      '',
      '1',
      '1,',
      'a,b',
      '0,5',
      '5,1',
      '1,11',
      '-1,3',
      '1,2,3',
      '1.5,2',
      7 as unknown as string,
    ];
    for (const id of ids)
      expect(await rejection(notifications.section(id))).toBeInstanceOf(InvalidSectionError);
  });

  it('shows nothing behind a transaction that is open, since that may come before it', async () => {
    const before = (await notifications.select({ limit: 100 })).length;
    const [saved, done] = [deferred(), deferred()];
    const open = school.dataSource.transaction(async (manager) => {
      await school.trainers.save([Dog.register('slow')], { manager });
      saved.resolve();
      await done.promise;
    });
    await saved.promise;
    if (db.name !== 'sqlite') {
      await school.trainers.save(Dog.register('quick'));
      expect(await notifications.select({ limit: 100 })).toHaveLength(before);
    }
    done.resolve();
    await open;
    if (db.name === 'sqlite') await school.trainers.save(Dog.register('quick'));
    while ((await notifications.select({ limit: 100 })).length < before + 2);
    const ids = (await notifications.select({ limit: 100 })).map(({ aggregateId }) => aggregateId);
    expect(ids.slice(-2)).toEqual(['slow', 'quick']);
  });
});

@Injectable()
class Keeper implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    if (context.switchToHttp().getRequest().headers.token === 'open') return true;
    throw new UnauthorizedException();
  }
}

describeAnyDatabase('the notification log over HTTP', (db) => {
  describe.each(ADAPTERS)('on %s', (adapter) => {
    let application: HttpApplication;
    let database: DataSourceOptions;

    beforeAll(async () => {
      database = await db.options();
      application = await startHttpApplication({
        adapter,
        database,
        options: {},
        imports: [EventSourcingModule.forNotifications({ path: '/notifications', guards: [Keeper] })],
      });
      const data = { at: new Date(5), ids: new Set([1n]), $type: 'mine' };
      for (const n of [1, 2, 3])
        await application.log.append({ group: `app.Event${n}`, key: `key ${n}`, data });
    });
    afterAll(() => application.close());

    const remote = (headers = { token: 'open' }) =>
      remoteNotificationLog(`${application.url}/notifications/`, { headers });

    it('gives a client what it gives in process', async () => {
      const local = application.app.get(NotificationLog);
      expect(await remote().section('1,2')).toEqual(await local.section('1,2'));
      expect(await remote().select({ after: 1, limit: 5 })).toEqual(
        await local.select({ after: 1, limit: 5 }),
      );
      expect(await remote().select({ groups: ['app.Event2', 'app.Event3'] })).toHaveLength(2);
      expect(await remote().select({ groups: ['app.Event2'] })).toHaveLength(1);
      expect(await remote().section('9,10', { application: 'x' })).toEqual({
        id: null,
        next: null,
        items: [],
      });
    });

    it('is behind its guards, and refuses what it cannot answer', async () => {
      expect(await rejection(remote({ token: 'wrong' }).section('1,2'))).toMatchObject({ status: 401 });
      expect(await rejection(remote().section('1,11'))).toMatchObject({
        status: 400,
        code: 'INVALID_SECTION',
      });
      expect(await rejection(remote().select({ limit: 11 }))).toMatchObject({
        status: 400,
        code: 'INVALID_OPTION',
      });
      const answer = await fetch(`${application.url}/notifications?stray=1`, { headers: { token: 'open' } });
      expect(answer.status).toBe(400);
      expect(await answer.json()).toMatchObject({ code: 'UNKNOWN_OPTION' });
    });

    it('is not there unless it is opened', async () => {
      const closed = await startHttpApplication({ adapter, database, options: {} });
      const error = await rejection(
        remoteNotificationLog(`${closed.url}/event/notifications`).section('1,2'),
      );
      expect(error).toMatchObject({ status: 404 });
      await closed.close();
    });
  });
});
