import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EventSourcingModule, getAggregatesToken } from 'nestjs-once';
import { drain } from 'nestjs-once/testing';
import { startApplication, type TestApplication } from '../support/application.js';
import {
  type DatabaseAddress,
  dataSourceOptionsFrom,
  describeAnyDatabase,
  describeEachDatabase,
} from '../support/databases.js';
import { until } from '../support/deferred.js';
import { Dog } from '../support/dog.js';
import { commandHere, commandRun, type CommandSurroundings, SHOP } from './commands/command-run.js';
import { Mails, Order, Orders, Signup } from './commands/shop-parts.js';

/** Some processes, one after the other, on a machine that has other things to do. */
const LIMIT = 400_000;

const folder = mkdtempSync(join(tmpdir(), 'once-commands-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const ofShop = (address: DatabaseAddress, surroundings: CommandSurroundings): CommandSurroundings => ({
  ...surroundings,
  env: { NESTJS_ONCE_APP: SHOP, COMMAND_DATABASE: JSON.stringify(address), ...surroundings.env },
});

/** Runs a command of the shop on this database as a process of its own. */
const shop = (address: DatabaseAddress, line: readonly string[], surroundings: CommandSurroundings = {}) =>
  commandRun(line, ofShop(address, surroundings));

/** Runs one in this process. */
const shopHere = (
  address: DatabaseAddress,
  line: readonly string[],
  surroundings: CommandSurroundings = {},
) => commandHere(line, ofShop(address, surroundings));

const setup = (address: DatabaseAddress) =>
  startApplication({
    database: dataSourceOptionsFrom(address),
    entities: [Order],
    imports: [EventSourcingModule.forFeature({ aggregates: [Dog] })],
    providers: [Orders, Mails],
    options: { events: [Signup], retry: { maxRetries: 0 } },
  });

describeEachDatabase('the command line', (db) => {
  let address: DatabaseAddress;
  let application: TestApplication;
  const run = (...line: string[]) => shopHere(address, line);
  const json = async (...line: string[]) => {
    const { code, stdout, stderr } = await run(...line, '--json');
    expect([code, stderr]).toEqual([0, stderr]);
    return JSON.parse(stdout);
  };
  const lines = (text: string) =>
    text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));

  afterEach(() => application?.close());

  it(
    'makes the tables that an application only verifies, and tells before what is missing',
    async () => {
      address = await db.create();
      const env = { COMMAND_OPTIONS: JSON.stringify({ schema: 'verify' }) };
      const refused = await shopHere(address, ['status'], { env });
      expect(refused).toMatchObject({ code: 1, stdout: '' });
      expect(refused.stderr).toMatch(/^APPLICATION_START: .*SchemaNotReadyError/m);
      const dry = await shopHere(address, ['migrate', '--dry-run'], { env });
      expect(dry.code).toBe(0);
      expect(dry.stdout).toMatch(/^-- Missing: 1 \(log\)/);
      const done = await shop(address, ['migrate', '--json'], { env });
      expect(JSON.parse(done.stdout)).toMatchObject({
        applied: true,
        migrations: Array.from({ length: 10 }, (_, index) => ({ version: index + 1 })),
      });
      const status = await shopHere(address, ['status'], { env });
      expect(status).toMatchObject({
        code: 0,
        stdout: expect.stringMatching(/^Log: last position 0, .*Tables: version 10\.$/m),
      });
      application = await setup(address);
    },
    LIMIT,
  );

  it(
    'looks after a log: shows, scans, retries, cancels, pauses, forgets, prunes, exports and imports',
    async () => {
      address = await db.create();
      application = await setup(address);
      const { app, dataSource, deliveries, log } = application;
      await dataSource.manager.save(Order, [{ number: 1 }, { number: 2 }]);
      await log.log(Signup, { userId: '1', email: 'ada@example.org' });
      const dogs = app.get(getAggregatesToken(Dog));
      await dogs.save(Dog.register('fido'));
      await expect(drain(app)).rejects.toThrow('ECONNREFUSED');
      const sends = 'Mails.send';

      const status = await json('status');
      expect(status.deliveries).toMatchObject({ dead: 2, succeeded: 4, pending: 0 });
      const version = { release: '0.1.0', library: '0.1.0', tables: 10, processes: 1 };
      expect(status.versions).toEqual([version]);
      expect((await run('status')).stdout).toMatch(
        /^Versions running:\nrelease +nestjs-once +tables +processes\n0\.1\.0 +0\.1\.0 +10 +1$/m,
      );
      expect(status.handlers).toContainEqual(expect.objectContaining({ name: sends, dead: 2 }));

      const read = await run('events', 'read', '--group', 'order_*', '--json');
      expect(lines(read.stdout)).toMatchObject([
        { key: 'order_placed_1', data: { number: 1 } },
        { key: 'order_placed_2' },
      ]);
      const found = await run('events', 'search', 'order_placed_*', '--tag', 'Order:2');
      expect(found.stdout).toMatch(/^\d+ {2}\S+ {2}order_placed {2}order_placed_2 {2}\{"number":2\}\n$/);
      expect(await json('events', 'show', 'order_placed_1')).toMatchObject({
        tags: ['Order:1'],
        deliveries: expect.arrayContaining([expect.objectContaining({ handler: sends, status: 'dead' })]),
      });

      await dataSource.query('INSERT INTO command_order (number) VALUES (3)');
      expect(await json('rescan', '--dry-run')).toMatchObject({
        dryRun: true,
        totals: { rows: 3, recorded: 1 },
      });
      expect(await json('rescan', 'Order')).toMatchObject({
        dryRun: false,
        totals: { recorded: 1, failed: 0 },
      });

      const dead = await run('deliveries', 'list', '--error', 'ECONNREFUSED', '--tag', 'Order:1', '--json');
      expect(lines(dead.stdout)).toMatchObject([{ key: 'order_placed_1', handler: sends, status: 'dead' }]);
      expect(await json('deliveries', 'retry', '--error', 'ECONNREFUSED', '--failed-after', '1h')).toEqual({
        changed: 2,
      });
      // No worker has handled them in the meantime: neither in this process nor in that of a command.
      expect((await deliveries.counts({ handler: sends })).pending).toBe(3);
      const refused = await run('deliveries', 'cancel', '--handler', sends);
      expect(refused).toMatchObject({ code: 2, stderr: expect.stringMatching(/^COMMAND_USAGE: .*-y/) });
      expect(await json('deliveries', 'cancel', '--tag', 'Order:1', '-y')).toEqual({ changed: 1 });

      expect((await run('handlers', 'pause', sends)).stdout).toBe('Paused: Mails.send.\n');
      expect(await json('handlers', 'list')).toContainEqual(
        expect.objectContaining({ name: sends, pausedAt: expect.any(String) }),
      );
      expect((await run('handlers', 'resume', sends)).code).toBe(0);
      expect((await deliveries.handlers()).find(({ name }) => name === sends)).not.toHaveProperty('pausedAt');

      expect(await json('snapshot', 'Dog')).toEqual({ taken: 1, missing: [] });
      expect(await dataSource.query('SELECT 1 AS one FROM once_snapshot')).toHaveLength(1);
      expect(await json('forget', 'user:1', '-y')).toEqual({ subject: 'user:1', requested: true });
      expect(await json('prune', '-y')).toMatchObject({ succeeded: 4 });

      const file = join(folder, `${db.name}.ndjson`);
      const written = await shop(address, ['export', '-o', file]);
      expect(written).toMatchObject({
        code: 0,
        stdout: '',
        stderr: expect.stringMatching(/^Exported 7 events/m),
      });
      const [again] = [await run('export', '-o', file)];
      expect(again).toMatchObject({ code: 2, stderr: expect.stringContaining('EEXIST') });
      const other: DatabaseAddress = { name: 'sqlite', url: join(folder, `${db.name}.db`) };
      const imported = await shop(other, ['import', file, '--json']);
      expect(JSON.parse(imported.stdout)).toMatchObject({ imported: 7, known: 0, complete: true });
      const twice = await shop(other, ['import'], { stdin: readFileSync(file, 'utf8') });
      expect(twice).toMatchObject({
        code: 0,
        stdout: expect.stringContaining('0 events imported, 7 were there already'),
      });
      const withoutPositions = (text: string) => text.replaceAll(/"position":\d+,/g, '');
      const { stdout: copy } = await shopHere(other, ['export']);
      expect(withoutPositions(copy)).toBe(withoutPositions(readFileSync(file, 'utf8')));
    },
    LIMIT,
  );
});

describeAnyDatabase('the command line', (db) => {
  let address: DatabaseAddress;
  let application: TestApplication;

  beforeAll(async () => {
    address = await db.create();
    application = await setup(address);
  });
  afterAll(() => application.close());

  it(
    'exits with 2 where the caller has to ask for something else, and with 1 where it failed, and says why',
    async () => {
      const broken = join(folder, 'broken.mjs');
      writeFileSync(broken, "export default () => { throw new Error('no configuration'); };");
      const nothing = join(folder, 'nothing.mjs');
      writeFileSync(nothing, 'export const answer = 42;');
      const cases: [line: string[], code: number, stderr: RegExp][] = [
        [['status', '--app', 'nowhere.js'], 2, /^APPLICATION_NOT_FOUND: .*nowhere\.js" is not there/],
        [['status', '--app', nothing], 2, /^APPLICATION_NOT_FOUND: .*exports answer/],
        [['status', '--app', broken], 1, /^APPLICATION_START: .*no configuration/],
        [['status', '--data-source', 'other'], 2, /^LOG_NOT_FOUND: .*"other"/],
        [['handlers', 'pause', 'Nobody'], 2, /^UNKNOWN_HANDLER: .*Mails\.send/],
        [['rescan', 'Nothing'], 2, /^UNKNOWN_ENTITY: .*Order/],
        [['snapshot', 'Cat'], 2, /Dog/],
        [['snapshot', 'Dog', 'nobody'], 1, /^COMMAND_FAILED: There is no Dog nobody/],
        [['events', 'show', 'nothing'], 2, /^COMMAND_USAGE: No event has the key "nothing"/],
        [['deliveries', 'retry'], 2, /^COMMAND_USAGE: .*--all/],
        [['import', 'nowhere.ndjson'], 2, /^COMMAND_USAGE: .*nowhere\.ndjson/],
      ];
      expect((await shop(address, ['status', '--app', broken])).code).toBe(1);
      for (const [line, code, stderr] of cases) {
        const result = await shopHere(address, line);
        expect([line, result.code, result.stderr]).toEqual([line, code, expect.stringMatching(stderr)]);
      }
    },
    LIMIT,
  );

  it(
    'follows the log until a signal ends it, and is done then',
    async () => {
      await application.log.append({ group: 'first', key: 'first_1' });
      let isAppended = false;
      const heard: CommandSurroundings['heard'] = (stdout, child) => {
        if (stdout.includes('second_1')) child.kill('SIGINT');
        if (isAppended || !stdout.includes('first_1')) return;
        isAppended = true;
        void application.log.append({ group: 'second', key: 'second_1' });
      };
      const line = ['events', 'read', '--follow', '--interval', '50ms', '--json'];
      const { code, stdout } = await shop(address, line, { heard });
      expect(code).toBe(0);
      expect(stdout).toMatch(/first_1[^]*second_1/);
    },
    LIMIT,
  );

  it(
    'ends an import in order at a signal, and says how far it came',
    async () => {
      const events = Array.from({ length: 1200 }, (_, n) => ({
        ...{
          position: n + 1,
          key: `i_${n}`,
          group: 'i',
          encoding: 'json',
          payload: '1',
          metadata: '{"correlationId":"i"}',
        },
        ...{ occurredAt: 0, recordedAt: 0 },
      }));
      const text = [{ format: 'nestjs-once.events', version: 1 }, ...events]
        .map((line) => JSON.stringify(line))
        .join('\n');
      const imported = async () => (await application.log.get('i_999')) !== undefined;
      const ended = shop(address, ['import'], {
        stdin: text,
        keepsOpen: async (child) => {
          await until(imported, LIMIT);
          child.kill('SIGINT');
        },
      });
      expect(await ended).toMatchObject({
        code: 1,
        stdout: expect.stringMatching(/^1000 events imported/),
        stderr: expect.stringMatching(/^COMMAND_INTERRUPTED: .*--after 1000/m),
      });
      expect(await application.log.get('i_1000')).toBeUndefined();
    },
    LIMIT,
  );

  it(
    'ends quietly where its reader has seen enough',
    async () => {
      const heard: CommandSurroundings['heard'] = (_, child) => child.stdout!.destroy();
      const line = ['events', 'read', '--follow', '--interval', '10ms'];
      const reading = shop(address, line, { heard });
      let isOver = false;
      void reading.finally(() => (isOver = true));
      await until(async () => {
        await application.log.append({ group: 'more', key: `more_${Math.random()}` });
        return isOver;
      }, LIMIT);
      expect(await reading).toMatchObject({ code: 0, stderr: '' });
    },
    LIMIT,
  );
});
