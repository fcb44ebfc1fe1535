import { Injectable } from '@nestjs/common';
import {
  type AggregateRepository,
  event,
  type EventInput,
  EventSourcingModule,
  Follower,
  Followers,
  getAggregatesToken,
  On,
  OnReset,
} from 'nestjs-once';
import { drain, FixedClock } from 'nestjs-once/testing';
import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';
import { startApplication, type TestApplication } from '../../support/application.js';
import { describeEachDatabase } from '../../support/databases.js';
import { Dog } from '../../support/dog.js';
import { scriptedHandler } from '../../support/scripted-handler.js';

@Entity()
class Ledger {
  @PrimaryGeneratedColumn() id: number;
  @Column() note: string;
}

/** What the application does inside of a transaction of the library's: the test says. */
let inside: () => unknown;

@Injectable()
@Follower('Books', { retry: { maxRetries: 3, interval: 1000 } })
class Books {
  @On('Entered')
  enter(): unknown {
    return inside();
  }
}

@Injectable()
@Follower('Shelves')
class Shelves {
  @On('Shelved')
  shelve(): void {
    // Only its reset matters.
  }

  @OnReset()
  empty(): unknown {
    return inside();
  }
}

const handler = (name: string, options = {}) =>
  scriptedHandler(name, () => inside(), {
    pattern: name,
    transactional: true,
    timeout: '20s',
    retry: { maxRetries: 3, interval: 0 },
    ...options,
  });

const calls = ['a repository', 'dataSource.query', 'dataSource.transaction', 'log.append', 'aggregates.save'];
type Call = (typeof calls)[number];

describeEachDatabase('what is called without the manager of the transaction around it', (db) => {
  let application: TestApplication;
  let dogs: AggregateRepository<Dog>;

  afterEach(() => application?.close());

  const start = async () => {
    application = await startApplication({
      database: await db.options(),
      entities: [Ledger],
      providers: [
        handler('booked'),
        handler('sorted', { ordered: true }),
        handler('hung', { timeout: 300 }),
        Books,
        Shelves,
      ],
      imports: [EventSourcingModule.forFeature({ aggregates: [Dog], application: 'School', cache: 10 })],
      options: { clock: new FixedClock(new Date()) },
    });
    dogs = application.app.get(getAggregatesToken(Dog), { strict: false });
  };

  /** Writes it by that call, without a manager. */
  const write = (call: Call, note: string): Promise<unknown> => {
    const { dataSource, log } = application;
    if (call === 'a repository') return dataSource.getRepository(Ledger).save({ note });
    if (call === 'dataSource.query') return dataSource.query(`INSERT INTO ledger (note) VALUES ('${note}')`);
    if (call === 'dataSource.transaction')
      return dataSource.transaction((manager) => manager.insert(Ledger, { note }));
    if (call === 'log.append') return log.append(event('Noted', note));
    return dogs.save(Dog.register(note));
  };

  const isThere = async (note: string): Promise<boolean> =>
    (await application.dataSource.getRepository(Ledger).countBy({ note })) > 0 ||
    (await dogs.find(note)) !== undefined ||
    (await application.log.get(`Noted_${note}`)) !== undefined;

  const ways: [string, (failing: boolean) => Promise<unknown>][] = [
    ['a transactional handler', () => handled(event('booked', 1))],
    ['an ordered transactional handler', () => handled(event('sorted', 1, {}, { orderKey: 'a' }))],
    ['a follower', () => handled(event('Entered', 1))],
    [
      'a method of @OnReset',
      async (failing) => {
        await application.app
          .get(Followers)
          .reset('Shelves')
          .catch(() => undefined);
        if (failing) await application.app.get(Followers).reset('Shelves');
      },
    ],
  ];

  const handled = async (input: EventInput) => {
    await application.log.append(input);
    await drain(application.app, { retries: true });
  };

  describe.each(ways)('in %s', (_way, run) => {
    it.each(calls)('goes on at once, and is there afterwards: %s', async (call) => {
      await start();
      const tries: string[] = [];
      inside = async () => {
        tries.push(`note-${tries.length + 1}`);
        await write(call, tries.at(-1)!);
        // What it has written is there for what it calls next, whether it has joined or has committed by itself.
        expect(await isThere(tries.at(-1)!)).toBe(true);
      };
      await run(false);
      expect(tries).toEqual(['note-1']);
      expect(await isThere('note-1')).toBe(true);
    });

    // SQLite has one connection for all: nothing can commit beside the transaction.
    const fate = db.dialect === 'sqlite' ? 'is rolled back' : 'has committed by itself, and stays,';
    it.each(calls)(`${fate} where the transaction is rolled back: %s`, async (call) => {
      await start();
      const tries: string[] = [];
      inside = async () => {
        tries.push(`note-${tries.length + 1}`);
        await write(call, tries.at(-1)!);
        if (tries.length === 1) throw new Error('the first try fails');
      };
      await run(true);
      expect(tries).toEqual(['note-1', 'note-2']);
      expect(await isThere('note-1')).toBe(db.dialect !== 'sqlite');
      expect(await isThere('note-2')).toBe(true);
    });
  });

  it('is a savepoint of its own, which can be rolled back alone where there is one connection', async () => {
    await start();
    inside = async () => {
      const { dataSource } = application;
      await write('a repository', 'before');
      const nested = dataSource.transaction(async (manager) => {
        await manager.insert(Ledger, { note: 'nested' });
        throw new Error('the nested one fails');
      });
      await expect(nested).rejects.toThrow('the nested one fails');
    };
    await handled(event('booked', 1));
    expect([await isThere('before'), await isThere('nested')]).toEqual([true, false]);
  });

  it('holds up nobody when the handler runs into its timeout inside of it', async () => {
    await start();
    let tries = 0;
    inside = async () => {
      if (++tries > 1) return write('a repository', 'second');
      return application.dataSource.transaction(async (manager) => {
        await manager.insert(Ledger, { note: 'first' });
        await new Promise(() => undefined);
      });
    };
    await handled(event('hung', 1));
    expect([await isThere('second'), tries]).toEqual([true, 2]);
    if (db.dialect === 'sqlite') expect(await isThere('first')).toBe(false);
  });
});
