import { TransactionRequiredError } from 'nestjs-once';
import { FixedClock } from 'nestjs-once/testing';
import { emissionContext } from '../../../lib/store/commits/emission-context.js';
import { type DatabaseAddress, describeEachDatabase } from '../../support/databases.js';
import { handler, LogProcess } from './log-process.js';

describeEachDatabase('the event log', (db) => {
  let address: DatabaseAddress;
  let process: LogProcess;
  const clock = new FixedClock('2026-06-01T12:00:00Z');

  beforeAll(async () => {
    address = await db.create();
    process = await LogProcess.start(address, { clock });
  });

  afterAll(() => process.stop());

  const read = async (options?: Parameters<LogProcess['log']['read']>[0]) => {
    await process.decided();
    const keys: string[] = [];
    for await (const event of process.log.read(options)) keys.push(event.key);
    return keys;
  };

  const count = async () => (await read()).length;

  it('records one event and hands it back as it stands in the log', async () => {
    const data = { when: new Date(0), big: 7n, nul: 'a\0b' };
    const result = await process.log.append({ group: 'app.One', key: 'one', data, occurredAt: new Date(5) });
    expect(result).toEqual({ key: 'one', recorded: true, event: expect.anything() });
    const found = await process.log.get('one');
    expect(found).toEqual({
      position: result.event!.position,
      key: 'one',
      group: 'app.One',
      data,
      metadata: { correlationId: 'one', source: 'append' },
      occurredAt: new Date(5),
      recordedAt: clock.now(),
    });
    expect(Object.isFrozen(found)).toBe(true);
    expect(await process.log.get('ONE')).toBeUndefined();
  });

  it('tells of each of many whether it was recorded, in their order', async () => {
    const results = await process.log.append(
      ['m1', 'one', 'm2', 'm1'].map((key) => ({ group: 'app.One', key })),
    );
    expect(results.map(({ key, recorded }) => [key, recorded])).toEqual([
      ['m1', true],
      ['one', false],
      ['m2', true],
      ['m1', false],
    ]);
    expect(results[1]).not.toHaveProperty('event');
    expect(await process.log.append([])).toEqual([]);
  });

  it('gives back every text of many events as it was given', async () => {
    const texts = [
      '"',
      '\\',
      '\\"',
      '\\\\n',
      '\n',
      '\t',
      '{a,"b"}',
      'NULL',
      "'",
      '$1',
      '?',
      'ä€😀',
      ' ',
      '\u0001',
    ];
    await process.log.append(texts.map((text) => ({ group: 'text', key: `text ${text}`, data: { text } })));
    for (const text of texts) expect((await process.log.get(`text ${text}`))?.data).toEqual({ text });
  });

  it('reads in log order, behind a position, of some groups, up to a limit', async () => {
    const keys = Array.from({ length: 7 }, (_, index) => `r${index}`);
    const results = await process.log.append(keys.map((key, index) => ({ group: `read.${index % 2}`, key })));
    const after = results[0]!.event!.position - 1;
    expect(await read({ after })).toEqual(keys);
    expect(await read({ after: results[4]!.event!.position })).toEqual(['r5', 'r6']);
    expect(await read({ after, groups: ['read.1'] })).toEqual(['r1', 'r3', 'r5']);
    expect(await read({ after, groups: ['read.1', 'read.0'], limit: 3 })).toEqual(['r0', 'r1', 'r2']);
    expect(await read({ after, groups: [] })).toEqual([]);
    expect(await read({ after, groups: ['READ.1'] })).toEqual([]);
    expect(await read({ limit: 0 })).toEqual([]);
  });

  it('reads on across pages', async () => {
    const inputs = Array.from({ length: 1203 }, (_, index) => ({ group: 'pages', key: `p${index}` }));
    const results = await process.log.append(inputs);
    expect(await read({ after: results[0]!.event!.position - 1 })).toEqual(inputs.map(({ key }) => key));
    expect(await read({ groups: ['pages'], limit: 501 })).toHaveLength(501);
  });

  it.each([
    [{ after: 1.5 }, 'after'],
    [{ limit: -1 }, 'limit'],
    [{ limit: 1.5 }, 'limit'],
    [{ groups: 'read.1' }, 'groups'],
    [{ groups: [7] }, 'groups'],
    [{ limits: 3 }, 'limits'],
  ])('refuses to read %p', async (options, option) => {
    await expect(read(options as never)).rejects.toMatchObject({ option });
  });

  it('records in the transaction of the manager: if and only if it commits', async () => {
    const { dataSource } = process.database;
    const failed = dataSource.transaction(async (manager) => {
      await process.log.append({ group: 'app.Tied', key: 'rolled back' }, { manager });
      throw new RangeError('no');
    });
    await expect(failed).rejects.toThrow(RangeError);
    expect(await process.log.get('rolled back')).toBeUndefined();
    await dataSource.transaction((manager) =>
      process.log.append({ group: 'app.Tied', key: 'committed' }, { manager }),
    );
    expect(await process.log.get('committed')).toBeDefined();
  });

  it('refuses a manager that is in no transaction, with nothing written', async () => {
    const { manager } = process.database.dataSource;
    const append = process.log.append({ group: 'app.Tied', key: 'untied' }, { manager });
    await expect(append).rejects.toThrow(TransactionRequiredError);
    await expect(append).rejects.toMatchObject({ code: 'TRANSACTION_REQUIRED' });
    expect(await process.log.get('untied')).toBeUndefined();
  });

  it.each([
    ['no key', { group: 'g' }, 'INVALID_EVENT'],
    ['a key that is too long', { group: 'g', key: 'x'.repeat(256) }, 'INVALID_EVENT'],
    ['a group with NUL', { group: 'g\0', key: 'k' }, 'INVALID_EVENT'],
    ['a reserved key', { group: 'g', key: 'http:a:1' }, 'INVALID_EVENT'],
    ['an invalid date', { group: 'g', key: 'k', availableAt: new Date(NaN) }, 'INVALID_EVENT'],
    ['metadata that JSON cannot hold', { group: 'g', key: 'k', metadata: { big: 1n } }, 'INVALID_EVENT'],
    [
      'data that cannot be encoded',
      { group: 'g', key: 'k', data: { send: () => 0 } },
      'PAYLOAD_NOT_ENCODABLE',
    ],
    ['data over the limit', { group: 'g', key: 'k', data: 'x'.repeat(1024 * 1024) }, 'PAYLOAD_TOO_LARGE'],
  ])('refuses %s, with nothing written of what came with it', async (_, bad, code) => {
    const before = await count();
    const append = process.log.append([
      { group: 'g', key: `before ${code}` },
      bad as never,
      { group: 'g', key: `after ${code}` },
    ]);
    await expect(append).rejects.toMatchObject({ code });
    expect(await count()).toBe(before);
  });

  it('goes on in the transaction of a caller whose bad event was refused', async () => {
    await process.database.dataSource.transaction(async (manager) => {
      await expect(process.log.append({ group: '', key: 'bad' }, { manager })).rejects.toMatchObject({
        code: 'INVALID_EVENT',
      });
      await process.log.append({ group: 'g', key: 'good' }, { manager });
    });
    expect(await process.log.get('good')).toBeDefined();
  });

  it('warns of a key that comes again with another group: later, in one call, concurrently', async () => {
    process.mismatches.length = 0;
    await process.log.append({ group: 'app.One', key: 'key' });
    await process.log.append([
      { group: 'app.One', key: 'key' },
      { group: 'app.Two', key: 'key' },
    ]);
    expect(process.mismatches).toEqual([['key', 'app.Two', 'app.One']]);
    process.mismatches.length = 0;
    await process.log.append(['app.One', 'app.Two'].map((group) => ({ group, key: 'batch' })));
    expect(process.mismatches).toEqual([['batch', 'app.Two', 'app.One']]);
    for (let round = 0; round < 10; round++) {
      process.mismatches.length = 0;
      const both = await Promise.all(
        ['app.One', 'app.Two'].map((group) => process.log.append({ group, key: `race ${round}` })),
      );
      const winner = both[0]!.recorded ? 'app.One' : 'app.Two';
      expect(process.mismatches).toEqual([
        [`race ${round}`, winner === 'app.One' ? 'app.Two' : 'app.One', winner],
      ]);
    }
  });

  it('tells who listens which positions were recorded, and nothing of duplicates', async () => {
    process.appended.length = 0;
    const results = await process.log.append(['told 1', 'one', 'told 2'].map((key) => ({ group: 'g', key })));
    expect(process.appended).toEqual([results[0]!.event!.position, results[2]!.event!.position]);
  });

  it('names cause and correlation of what a handler emits', async () => {
    await emissionContext.run({ key: 'cause', correlationId: 'first' }, () =>
      process.log.append({ group: 'g', key: 'effect' }),
    );
    expect((await process.log.get('effect'))!.metadata).toEqual({
      correlationId: 'first',
      causationId: 'cause',
      source: 'append',
    });
    await process.log.append({ group: 'g', key: 'own', metadata: { correlationId: 'own', tenant: 7 } });
    expect((await process.log.get('own'))!.metadata).toEqual({
      correlationId: 'own',
      source: 'append',
      tenant: 7,
    });
  });

  it('finds which keys are not in the log', async () => {
    const unknown = ['ONE', 'none', ...Array.from({ length: 1500 }, (_, index) => `unknown ${index}`)];
    expect(await process.store.unknownKeys(['one', 'm1', ...unknown])).toEqual(new Set(unknown));
    expect(await process.store.unknownKeys([])).toEqual(new Set());
  });

  it('makes deliveries due at the time they are available', async () => {
    await process.registry.register([handler('Later.run', 'later')]);
    const availableAt = new Date(clock.now().getTime() + 5000);
    await process.log.append([
      { group: 'later', key: 'l1', availableAt },
      { group: 'later', key: 'l2' },
    ]);
    const due = (await process.queries.list({ handler: 'Later.run' }, [0, 0], 9)).map(
      ({ view }) => view.dueAt,
    );
    expect(due).toEqual([availableAt, clock.now()]);
  });

  if (db.name === 'postgres') {
    it('holds the horizon from the time on when it has taken its positions', async () => {
      const { dataSource, tables } = process.database;
      // Appends stop here when they have their positions, before anything is inserted.
      await dataSource.query(`CREATE FUNCTION wait_for_test() RETURNS trigger LANGUAGE plpgsql
        AS $$ BEGIN PERFORM pg_advisory_xact_lock_shared(17); RETURN NEW; END $$`);
      await dataSource.query(
        `CREATE TRIGGER wait_for_test BEFORE INSERT ON ${tables.event} FOR EACH ROW EXECUTE FUNCTION wait_for_test()`,
      );
      const runner = dataSource.createQueryRunner();
      await runner.startTransaction();
      await runner.query('SELECT pg_advisory_xact_lock(17)');
      const before = await process.last();
      const waiting = process.log.append({ group: 'g', key: 'waiting' });
      const waits = `SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND objid = 17 AND NOT granted
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`;
      while ((await dataSource.query(waits)).length === 0);
      for (let round = 0; round < 5; round++)
        expect(await process.horizon.advance()).toBeLessThanOrEqual(before);
      await runner.commitTransaction();
      await runner.release();
      expect((await waiting).event!.position).toBeGreaterThan(before);
      await dataSource.query(`DROP TRIGGER wait_for_test ON ${tables.event}`);
    });
  }

  it('gives way to another transaction, key by key, in a re-scan', async () => {
    if (!process.database.dialect.can.pool) return;
    const runner = process.database.dataSource.createQueryRunner();
    await runner.startTransaction();
    await process.log.append({ group: 'g', key: 'held' }, { manager: runner.manager });
    const inputs = ['free 1', 'held', 'free 2', 'one'].map((key) => ({
      input: { group: 'g', key },
      source: 'S',
    }));
    const results = await process.store.recordYielding(inputs);
    expect(results.map(({ recorded, busy }) => [recorded, busy])).toEqual([
      [true, undefined],
      [false, true],
      [true, undefined],
      [false, undefined],
    ]);
    await runner.commitTransaction();
    await runner.release();
  });
});

describeEachDatabase('a log whose positions were lost', (db) => {
  let process: LogProcess;

  beforeEach(async () => (process = await LogProcess.start(await db.create())));
  afterEach(() => process.stop());

  it('records every event all the same, when a restore put the sequence back', async () => {
    await process.log.append(['a', 'b', 'c'].map((key) => ({ group: 'app.One', key })));
    // Only MariaDB and MySQL keep the sequence apart from the log, in a table that backups take for empty.
    if (db.dialect === 'mysql') {
      const { dataSource } = process.database;
      await dataSource.query('DROP TABLE once_position');
      await dataSource.query('CREATE TABLE once_position (id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY)');
    }
    const results = await process.log.append(['d', 'e', 'a'].map((key) => ({ group: 'app.One', key })));
    expect(results.map(({ recorded }) => recorded)).toEqual([true, true, false]);
    for (const key of ['a', 'b', 'c', 'd', 'e']) expect(await process.log.get(key)).toMatchObject({ key });
  });
});
