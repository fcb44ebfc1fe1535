import { jest } from '@jest/globals';
import type { Database } from '../../../lib/store/db/database.js';
import type { HeldLease } from '../../../lib/store/ports/held-lease.js';
import { Lease } from '../../../lib/store/db/lease.js';
import { Position } from '../../../lib/store/db/position.js';
import { describeEachDatabase } from '../../support/databases.js';
import { deferred } from '../../support/deferred.js';
import { LogProcess } from './log-process.js';

describeEachDatabase('who walks, and how far', (db) => {
  let one: LogProcess;
  let other: LogProcess;

  beforeEach(async () => {
    const address = await db.create();
    one = await LogProcess.start(address);
    other = await LogProcess.start(address);
  });

  afterEach(() => Promise.all([one.stop(), other.stop()]));

  const leaseOf = ({ database }: LogProcess) => new Lease(database, 'walk', 60_000);
  const hold = <T>(process: LogProcess, work: (held: HeldLease) => Promise<T>) =>
    leaseOf(process).hold<T | 'elsewhere'>(work, () => 'elsewhere');
  const change = (statement: string) => one.database.run((sql) => sql.change(statement));

  it('a lease is held by one call at a time, also of one process, and free again after it failed', async () => {
    const failing = hold(one, async () => {
      expect(await hold(one, async () => 'walked')).toBe('elsewhere');
      expect(await hold(other, async () => 'walked')).toBe('elsewhere');
      throw new Error('broken');
    });
    await expect(failing).rejects.toThrow('broken');
    expect(await hold(other, async () => 'walked')).toBe('walked');
  });

  it('a lease that lapsed is taken over, and its former owner learns of it and does not release it', async () => {
    const { tables } = one.database;
    let now = 0;
    const spied = jest.spyOn(performance, 'now').mockImplementation(() => now);
    try {
      await hold(one, async (held) => {
        expect(await held.keep()).toBe(true);
        await change(`UPDATE ${tables.lease} SET lease_until = 1`);
        await hold(other, async (taken) => {
          now = 15_000;
          expect(await held.keep()).toBe(false);
          expect(await taken.keep()).toBe(true);
        });
        await change(`UPDATE ${tables.lease} SET owner = 'a third', lease_until = 9999999999999`);
      });
    } finally {
      spied.mockRestore();
    }
    expect(await hold(other, async () => 'walked')).toBe('elsewhere');
  });

  it('a lease that lapsed and that nobody took is extended', async () => {
    const { tables } = one.database;
    let now = 0;
    const spied = jest.spyOn(performance, 'now').mockImplementation(() => now);
    try {
      await hold(one, async (held) => {
        await change(`UPDATE ${tables.lease} SET lease_until = 1`);
        now = 15_000;
        expect(await held.keep()).toBe(true);
        expect(await hold(other, async () => 'walked')).toBe('elsewhere');
      });
    } finally {
      spied.mockRestore();
    }
  });

  const positionIn = (database: Database) => new Position(database, 'walk');
  const read = ({ database }: LogProcess) => database.run((sql) => positionIn(database).read(sql));

  it('a position starts at 0, moves from where it is alone, and stays where a transaction was rolled back', async () => {
    const { database } = one;
    const position = positionIn(database);
    const move = (from: number, to: number) => database.transaction((sql) => position.move(sql, from, to));
    expect(await read(one)).toBe(0);
    expect([await move(7, 9), await move(0, 5), await move(0, 6), await move(5, 5)]).toEqual([
      false,
      true,
      false,
      true,
    ]);
    const undone = database.transaction(async (sql) => {
      await position.move(sql, 5, 8);
      throw new Error('undone');
    });
    await expect(undone).rejects.toThrow('undone');
    expect(await read(other)).toBe(5);
  });

  it.each([0, 3])('of two that move a position from %p at once, one has moved it', async (from) => {
    if (from > 0) await one.database.transaction((sql) => positionIn(one.database).move(sql, 0, from));
    const begun = deferred();
    const first = one.database.transaction(async (sql) => {
      const moved = await positionIn(one.database).move(sql, from, 10);
      begun.resolve();
      return moved;
    });
    await begun.promise;
    const second = other.database.transaction((sql) => positionIn(other.database).move(sql, from, 20));
    expect(await Promise.all([first, second])).toEqual([true, false]);
    expect(await read(one)).toBe(10);
  });
});
