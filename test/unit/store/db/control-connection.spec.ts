import { jest } from '@jest/globals';
import { DataSource } from 'typeorm';
import { ControlConnection } from '../../../../lib/store/db/control-connection.js';
import { Database } from '../../../../lib/store/db/database.js';
import { type Deferred, deferred } from '../../../support/deferred.js';

describe('ControlConnection', () => {
  let openings: Deferred<DataSource>[];

  beforeEach(() => {
    openings = [];
    jest.spyOn(DataSource.prototype, 'initialize').mockImplementation(() => {
      openings.push(deferred<DataSource>());
      return openings.at(-1)!.promise;
    });
  });

  afterEach(() => void jest.restoreAllMocks());

  const opened = () => {
    const pool = { on: () => undefined };
    const runner = { release: async () => undefined };
    const dataSource = {
      createQueryRunner: () => runner,
      destroy: async () => undefined,
      driver: { master: pool, slaves: [] },
      manager: {},
    };
    return dataSource as unknown as DataSource;
  };
  const setUp = () => {
    const database = new Database(new DataSource({ type: 'postgres' }), { prefix: 'once_' });
    const control = new ControlConnection(database);
    return { control, use: () => control.run(async () => 'used') };
  };

  it('opens one connection for all who use it, and another after one that did not open', async () => {
    const { use } = setUp();
    const first = [use(), use()];
    openings[0]!.reject(new Error('refused'));
    for (const each of first) await expect(each).rejects.toThrow('refused');
    const next = use();
    openings[1]!.resolve(opened());
    expect(await next).toBe('used');
    expect(await use()).toBe('used');
    expect(openings).toHaveLength(2);
  });

  it('keeps the connection that is open when the opening of one before it fails late', async () => {
    const { control, use } = setUp();
    const late = use();
    const closed = control.close();
    const next = use();
    openings[1]!.resolve(opened());
    expect(await next).toBe('used');
    openings[0]!.reject(new Error('no route to host'));
    await expect(late).rejects.toThrow('no route to host');
    expect(await use()).toBe('used');
    expect(openings).toHaveLength(2);
    await closed;
  });
});
