import type { Provider } from '@nestjs/common';
import { event, type EventSourcingOptions, Followers } from 'nestjs-once';
import { drain } from 'nestjs-once/testing';
import { Column, type DataSourceOptions, Entity, PrimaryColumn } from 'typeorm';
import { startApplication, type TestApplication } from '../../support/application.js';
import { describeEachDatabase, type ExtraOptions } from '../../support/databases.js';
import { deferred } from '../../support/deferred.js';
import { scriptedFollower } from '../../support/scripted-follower.js';
import { scriptedHandler } from '../../support/scripted-handler.js';

@Entity('inline_noted')
class Noted {
  @PrimaryColumn('varchar', { length: 100 })
  key: string;

  @Column('int')
  times: number;
}

/** A save would wait for ever where a pass waited for itself. */
const LIMIT = 60_000;

describeEachDatabase("a follower where dispatch is 'inline'", (db) => {
  let application: TestApplication;
  let order: string[];

  beforeEach(() => {
    order = [];
  });

  afterEach(() => application.close());

  async function start(
    providers: Provider[],
    options: EventSourcingOptions = {},
    extra: ExtraOptions = {},
  ): Promise<TestApplication> {
    const database: DataSourceOptions = await db.options(extra);
    application = await startApplication({
      database,
      entities: [Noted],
      providers,
      options: { dispatch: 'inline', retry: { interval: '1h' }, ...options },
    });
    return application;
  }

  const status = (name: string) => application.app.get(Followers).status(name);

  /** Writes the key once more, and says so. */
  const noting = (name: string, pattern = '*') =>
    scriptedFollower(name, pattern, async ({ key }, { manager }) => {
      const known = await manager.findOneBy(Noted, { key: `${name} ${key}` });
      await manager.save(Noted, { key: `${name} ${key}`, times: (known?.times ?? 0) + 1 });
      order.push(`${name} ${key}`);
    });

  const noted = async () => {
    const rows = await application.dataSource.getRepository(Noted).find({ order: { key: 'ASC' } });
    return rows.map(({ key, times }) => `${key} ${times}`);
  };

  it(
    'has handled what was recorded when the call resolves, and so have those that follow what it collects',
    async () => {
      await start([
        scriptedFollower('Medals', 'Lesson', ({ data: { n } }, { collect }) =>
          collect({ group: 'Medal', key: `medal ${n}` }),
        ),
        noting('Book', 'M*'),
        scriptedHandler(
          'Mailer',
          ({ key }) => application.log.append({ group: 'Mail', key: `mail for ${key}` }),
          {
            pattern: 'Medal',
          },
        ),
      ]);
      await application.log.append([
        event('Lesson', 1, { n: 1 }),
        event('Other', 1),
        event('Lesson', 2, { n: 2 }),
      ]);
      expect(await noted()).toEqual([
        'Book mail for medal 1 1',
        'Book mail for medal 2 1',
        'Book medal 1 1',
        'Book medal 2 1',
      ]);
      expect(await application.deliveries.counts()).toMatchObject({ succeeded: 2, pending: 0 });
      for (const name of ['Medals', 'Book']) expect(await status(name)).toMatchObject({ state: 'running' });
    },
    LIMIT,
  );

  it('fails without rejecting the call, and holds up no other', async () => {
    await start([
      scriptedFollower('Failing', '*', () => {
        throw new Error('cannot');
      }),
      noting('Book'),
    ]);
    await application.dataSource.transaction((manager) =>
      application.log.append({ group: 'a', key: 'a' }, { manager }),
    );
    expect(order).toEqual(['Book a']);
    expect(await status('Failing')).toMatchObject({
      position: 0,
      failure: { attempts: 1, error: expect.stringContaining('cannot') },
    });
    // It waits for its retry: one attempt is what a call waits for.
    await application.log.append({ group: 'a', key: 'b' });
    expect(order).toEqual(['Book a', 'Book b']);
    expect(await status('Failing')).toMatchObject({ failure: { attempts: 1 } });
  });

  it('waits for the outermost commit, on one connection too, and is given nothing that was rolled back', async () => {
    await start([noting('Book')], {}, { poolSize: 1 });
    await application.dataSource.transaction(async (outer) => {
      await outer.transaction((manager) => application.log.append({ group: 'a', key: 'kept' }, { manager }));
      await outer
        .transaction(async (manager) => {
          await application.log.append({ group: 'a', key: 'gone' }, { manager });
          throw new Error('roll back to the savepoint');
        })
        .catch(() => undefined);
      expect(order).toEqual([]);
    });
    expect(order).toEqual(['Book kept']);
  });

  it(
    'may follow what it collects itself, until it collects nothing more',
    async () => {
      await start([
        scriptedFollower('Countdown', 'Count', ({ data: { n } }, { collect }) => {
          order.push(`${n}`);
          if (n > 0) collect({ group: 'Count', data: { n: n - 1 } });
        }),
      ]);
      await application.log.append({ group: 'Count', key: 'start', data: { n: 4 } });
      expect(order).toEqual(['4', '3', '2', '1', '0']);
    },
    LIMIT,
  );

  it(
    'handles what its own methods, and the handlers of what it collects, record by themselves, without waiting for itself',
    async () => {
      await start([
        scriptedFollower('All', '*', async ({ group, key, position }, { collect, manager }) => {
          order.push(key);
          if (group !== 'first') return;
          // On SQLite there is one connection, which the pass holds.
          const how = db.name === 'sqlite' ? { manager } : {};
          await application.log.append({ group: 'by itself', key: 'by itself' }, how);
          collect({ group: 'collected', key: `collected at ${position}` });
        }),
        scriptedHandler('Answer', () => application.log.append({ group: 'answer', key: 'answer' }), {
          pattern: 'collected',
        }),
      ]);
      await application.log.append({ group: 'first', key: 'first' });
      expect([...order].sort()).toEqual([
        'answer',
        'by itself',
        expect.stringMatching(/^collected/),
        'first',
      ]);
      expect(await status('All')).toMatchObject({ lag: 0, state: 'running' });
    },
    LIMIT,
  );

  it.each(['sync', 'drain'] as const)(
    'has what a %s makes it collect handled and followed, too',
    async (how) => {
      const [database, providers] = [
        await db.options(),
        [
          scriptedFollower('Medals', 'Lesson', (_, { collect }) => collect({ group: 'Medal', key: 'medal' })),
          scriptedHandler('Mailer', () => application.log.append({ group: 'Lesson', key: 'mail' }), {
            pattern: 'Medal',
          }),
          noting('Book', 'Medal'),
        ],
      ];
      const setup = { database, entities: [Noted], providers };
      const recorder = await startApplication(setup);
      await recorder.log.append({ group: 'Lesson', key: 'lesson' });
      await recorder.close();
      application = await startApplication({ ...setup, synchronize: false, options: { dispatch: 'inline' } });
      if (how === 'drain') await drain(application.app);
      else await application.app.get(Followers).sync({ names: ['Medals'] });
      expect(await noted()).toEqual(['Book medal 1']);
      expect(await status('Medals')).toMatchObject({ lag: 0 });
    },
    LIMIT,
  );

  it(
    'has handled each of the events that were recorded at the same time, once, when their calls resolve',
    async () => {
      await start([noting('Book'), noting('Second')]);
      const numbers = Array.from({ length: 12 }, (_, n) => `${n}`);
      await Promise.all(
        numbers.map(async (key) => {
          await application.log.append({ group: 'a', key });
          const rows = await application.dataSource.getRepository(Noted).findBy({ key: `Book ${key}` });
          expect(rows).toMatchObject([{ times: 1 }]);
        }),
      );
      const all = ['Book', 'Second'].flatMap((name) => numbers.map((n) => `${name} ${n} 1`));
      expect(await noted()).toEqual(all.sort());
    },
    LIMIT,
  );

  if (db.name !== 'sqlite')
    it(
      'is held up by a transaction that may record something before, but the call only for a while',
      async () => {
        await start([noting('Book')]);
        const [began, end] = [deferred(), deferred()];
        const slow = application.dataSource.transaction(async (manager) => {
          await application.log.append({ group: 'a', key: 'slow' }, { manager });
          began.resolve();
          await end.promise;
        });
        await began.promise;
        await application.log.append({ group: 'a', key: 'quick' });
        expect(order).toEqual([]);
        end.resolve();
        await slow;
        expect(order).toEqual(['Book slow', 'Book quick']);
      },
      LIMIT,
    );
});
