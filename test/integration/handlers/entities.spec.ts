import type { EventHandlerOptions, RecordedEvent } from 'nestjs-once';
import { drain } from 'nestjs-once/testing';
import { Column, Entity, ManyToOne, PrimaryColumn, PrimaryGeneratedColumn, type Relation } from 'typeorm';
import { startApplication, type TestApplication } from '../../support/application.js';
import { describeEachDatabase } from '../../support/databases.js';
import { scriptedHandler } from '../../support/scripted-handler.js';
import { Statements } from '../../support/statements.js';

@Entity()
class Owner {
  @PrimaryGeneratedColumn() id: number;
  @Column() email: string;
}

/** A key of several columns, one of which drivers give back as a string. */
@Entity()
class Pledge {
  @PrimaryColumn('bigint') id: string;
  @PrimaryColumn() year: number;
  @Column() amount: number;
  @ManyToOne(() => Owner) owner: Relation<Owner>;
}

const SELECTS = /^SELECT .* FROM .*pledge/i;

describeEachDatabase('entities of events that are handled at once', (db) => {
  let application: TestApplication;
  afterEach(async () => {
    await application?.close();
    application = undefined!;
  });

  const setUp = async (extra: { relationLoadStrategy?: 'query' } = {}) => {
    const handled = new Map<string, Pledge | null>();
    const statements = new Statements();
    const handle = ({ key, data }: RecordedEvent<{ pledge: Pledge | null }>) =>
      void handled.set(key, data.pledge);
    application = await startApplication({
      database: { ...(await db.options({ logging: true, logger: statements })), ...extra },
      entities: [Owner, Pledge],
      providers: [scriptedHandler('Pledges', handle, { relations: ['owner'] })],
    });
    const { dataSource, log, app } = application;
    const owner = await dataSource.manager.save(Object.assign(new Owner(), { email: 'one@example.org' }));
    const pledges = Array.from({ length: 8 }, (_, n) =>
      Object.assign(new Pledge(), { id: String(n % 4), year: n < 4 ? 2025 : 2026, amount: n, owner }),
    );
    await dataSource.manager.save(pledges);
    const record = (items: Pledge[]) =>
      log.append(items.map((pledge, n) => ({ group: 'pledged', key: `pledged_${n}`, data: { pledge } })));
    const run = async () => {
      statements.all.length = 0;
      await drain(app);
      return statements.matching(SELECTS).length;
    };
    return { handled, pledges, record, run, dataSource };
  };

  it('are loaded by one query, and each event is given its own', async () => {
    const { handled, pledges, record, run, dataSource } = await setUp();
    await record(pledges);
    await dataSource.manager.delete(Pledge, { id: '2', year: 2026 });
    expect(await run()).toBe(1);
    const amounts = Array.from({ length: 8 }, (_, n) => handled.get(`pledged_${n}`)?.amount);
    expect(amounts).toEqual([0, 1, 2, 3, 4, 5, undefined, 7]);
    expect(handled.get('pledged_6')).toBeNull();
  });

  it.each([{}, { relationLoadStrategy: 'query' as const }])(
    'are not shared by handlers, nor what they are related to (%o)',
    async (extra) => {
      const { handled, pledges, record, run } = await setUp(extra);
      await record([pledges[0]!, pledges[1]!, pledges[0]!]);
      await run();
      const given = [...handled.values()];
      expect(given.map((pledge) => pledge!.owner.email)).toEqual(Array(3).fill('one@example.org'));
      expect(new Set(given).size).toBe(3);
      expect(new Set(given.map((pledge) => pledge!.owner)).size).toBe(3);
    },
  );

  it.each<[string, EventHandlerOptions['relations'], string]>([
    ['a name', ['owner', 'ownr'], '"ownr" (did you mean "owner"?)'],
    ['an object', { ownr: true }, '"ownr" (did you mean "owner"?)'],
    ['a relation of a relation', ['owner.pledge'], '"owner.pledge"'],
  ])('need relations that an entity has: %s that none has stops the start', async (_, relations, actual) => {
    const start = startApplication({
      database: await db.options(),
      entities: [Owner, Pledge],
      providers: [scriptedHandler('Pledges', () => undefined, { relations })],
    });
    await expect(start).rejects.toMatchObject({
      code: 'INVALID_OPTION',
      option: 'relations',
      actual,
      where: '@EventHandler of Scripted.handle',
    });
  });
});
