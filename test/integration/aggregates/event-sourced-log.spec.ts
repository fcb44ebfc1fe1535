import {
  AggregateClosedError,
  type EventSourcedLog,
  EventSourcingModule,
  getEventSourcedLogToken,
} from 'nestjs-once';
import { describeEachDatabase } from '../../support/databases.js';
import { rejection, type School, startSchool } from './school.js';

describeEachDatabase('an event-sourced log', (db) => {
  let school: School;
  let other: School;
  const others = () => [
    EventSourcingModule.forFeature({
      logs: ['Registrations', 'Empty', 'Ended', 'Raced'],
      application: 'School',
    }),
  ];
  const logOf = (name: string, one = school) =>
    one.app.get<EventSourcedLog>(getEventSourcedLogToken(name, 'School'), { strict: false });

  beforeAll(async () => {
    const database = await db.options();
    school = await startSchool({ database, others: others() });
    other = await startSchool({ database, others: others(), synchronize: false });
  });
  afterAll(() => Promise.all([school.close(), other.close()]));

  const read = async (log: EventSourcedLog, options = {}) => {
    const versions = [];
    for await (const { version } of log.read(options)) versions.push(version);
    return versions;
  };

  it('is read forwards and backwards from a version, and has a first and a last event', async () => {
    const log = logOf('Registrations');
    for (const id of ['fido', 'rex', 'max', 'bo']) await log.trigger('Registered', { id });
    expect(await read(log)).toEqual([1, 2, 3, 4]);
    expect(await read(log, { from: 2 })).toEqual([3, 4]);
    expect(await read(log, { backwards: true })).toEqual([4, 3, 2, 1]);
    expect(await read(log, { backwards: true, from: 3 })).toEqual([2, 1]);
    expect(await read(log, { from: 1, limit: 2 })).toEqual([2, 3]);
    expect(await log.first()).toMatchObject({
      group: 'Registrations.Registered',
      stream: 'School:Registrations',
      aggregateId: 'Registrations',
      version: 1,
      data: { id: 'fido' },
    });
    expect(await log.last()).toMatchObject({ version: 4, data: { id: 'bo' } });
    for (const options of [{ from: -1 }, { limit: 1.5 }, { after: 1 }])
      expect(await rejection(read(log, options))).toMatchObject({ code: expect.stringMatching(/OPTION/) });
  });

  it('has nothing before its first event', async () => {
    expect([await logOf('Empty').first(), await logOf('Empty').last(), await read(logOf('Empty'))]).toEqual([
      undefined,
      undefined,
      [],
    ]);
  });

  it('takes events of many writers, and of transactions', async () => {
    const writers = [school, other, school, other].map((one) => logOf('Raced', one).trigger('Happened'));
    await Promise.all(writers);
    const log = logOf('Raced');
    const failed = school.dataSource.transaction(async (manager) => {
      await log.trigger('Happened', 1, { manager });
      throw new RangeError('rolls back');
    });
    await expect(failed).rejects.toThrow(RangeError);
    await school.dataSource.transaction(async (manager) => {
      await log.trigger('Happened', 1, { manager });
      await log.trigger('Happened', 2, { manager, occurredAt: new Date(5) });
    });
    expect(await read(log)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(await log.last()).toMatchObject({ data: 2, occurredAt: new Date(5) });
  });

  it('can be ended by an event', async () => {
    const log = logOf('Ended');
    await log.trigger('Happened');
    await log.trigger('Closed', undefined, { closes: true });
    expect(await rejection(logOf('Ended', other).trigger('Happened'))).toBeInstanceOf(AggregateClosedError);
    expect(await read(log)).toEqual([1, 2]);
  });
});
