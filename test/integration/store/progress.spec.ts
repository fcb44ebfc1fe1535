import { jest } from '@jest/globals';
import type { Engine } from '../../../lib/module/engine.js';
import { engineToken } from '../../../lib/module/tokens.js';
import { Database } from '../../../lib/store/db/database.js';
import { FanOut } from '../../../lib/store/registry/fan-out.js';
import { prepareSchema } from '../../../lib/store/db/schema.js';
import { startApplication } from '../../support/application.js';
import { describeEachDatabase } from '../../support/databases.js';
import { deferred, until } from '../../support/deferred.js';

/** Ten seconds go by for the progress line alone: drivers keep their own time. */
async function tenSecondsLater(lines: readonly string[]): Promise<void> {
  await until(() => {
    jest.advanceTimersByTime(10_000);
    return lines.length > 0;
  });
}

describeEachDatabase('a progress line', (db) => {
  beforeEach(() => {
    jest.useFakeTimers({
      doNotFake: [
        'Date',
        'hrtime',
        'nextTick',
        'performance',
        'queueMicrotask',
        'setImmediate',
        'clearImmediate',
        'setTimeout',
        'clearTimeout',
      ],
    });
  });

  afterEach(() => jest.useRealTimers());

  /** Holds the database up until it is told to let go. */
  const holdUp = async (database: Database, statement: string) => {
    const held = deferred();
    const release = deferred();
    const done = database.transaction(async (sql) => {
      await database.dialect.locks.exclusively(sql, database.tables.plain('migration'), async () => {
        if (statement) await sql.change(statement);
        held.resolve();
        await release.promise;
      });
    });
    await held.promise;
    return async () => {
      release.resolve();
      await done;
    };
  };

  it('comes every ten seconds from a long fan-out', async () => {
    const { app, log, close } = await startApplication({ database: await db.options() });
    const { database, registry, horizon } = app.get<Engine>(engineToken()).parts;
    await log.append({ group: 'g', key: 'k' });
    await until(async () => (await horizon.advance()) > 0);
    const lines: string[] = [];
    const fanOut = new FanOut(database, registry, horizon, (line) => lines.push(line));
    const letGo = await holdUp(
      database,
      `UPDATE ${database.tables.state} SET value = value WHERE name = 'registry_version'`,
    );
    // SQLite has one connection: there, the question for the horizon waits, too.
    const passed = fanOut.reconcile();
    if (database.dialect.can.pool) {
      await tenSecondsLater(lines);
      expect(lines[0]).toBe('Fan-out, up to position 1: at position ?, 0 deliveries created so far');
    }
    await letGo();
    expect(await passed).toBe(0);
    await close();
  });

  it('comes every ten seconds from long migrations', async () => {
    const { dataSource, app, close } = await startApplication({ database: await db.options() });
    const { database } = app.get<Engine>(engineToken()).parts;
    const other = new Database(dataSource, { prefix: 'other_', schemaName: undefined });
    const lines: string[] = [];
    const letGo = await holdUp(database.dialect.can.pool ? other : database, '');
    const pending = prepareSchema(other, 'migrate', (line) => lines.push(line));
    if (database.dialect.can.pool) {
      await tenSecondsLater(lines);
      expect(lines[0]).toBe("Creating or upgrading the event log's tables: waiting for its turn");
    }
    await letGo();
    await pending;
    await close();
  });
});
