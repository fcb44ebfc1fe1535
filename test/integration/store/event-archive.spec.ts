import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  EventArchive,
  EventSourcingModule,
  getAggregatesToken,
  type ImportReport,
  InvalidArchiveError,
  InvalidOptionError,
} from 'nestjs-once';
import type { DataSource } from 'typeorm';
import type { Engine } from '../../../lib/module/engine.js';
import { engineToken } from '../../../lib/module/tokens.js';
import { startApplication, type TestApplication } from '../../support/application.js';
import {
  type DatabaseAddress,
  dataSourceOptionsFrom,
  describeEachDatabase,
} from '../../support/databases.js';
import { Dog } from '../../support/dog.js';
import { scriptedHandler } from '../../support/scripted-handler.js';

const AT = new Date('2026-01-02T03:04:05.678Z');

describeEachDatabase('EventArchive', (db) => {
  const applications: TestApplication[] = [];
  const start = async (address?: DatabaseAddress) => {
    const application = await startApplication({
      database: address ? dataSourceOptionsFrom(address) : await db.options(),
      imports: [EventSourcingModule.forFeature({ aggregates: [Dog] })],
      providers: [scriptedHandler('Any', () => undefined, { pattern: '*' })],
      options: { payload: { compress: 'gzip' } },
    });
    applications.push(application);
    return application;
  };
  const archiveOf = ({ app }: TestApplication) => app.get(EventArchive);

  /** All forms in which an event is stored. */
  const fill = async ({ app, log, dataSource }: TestApplication) => {
    await log.append([
      { group: 'plain', key: 'plain_1' },
      {
        group: 'dated',
        key: 'dated_1',
        occurredAt: AT,
        availableAt: new Date(AT.getTime() + 1),
        orderKey: 'k',
        data: { at: AT, big: 2n ** 70n },
      },
      { group: 'tagged', key: 'tagged_1', tags: ['a:1', 'b:"2"'], metadata: { note: 'Grüße\n' } },
      { group: 'large', key: 'large_1', data: { text: 'ä'.repeat(1000) } },
      { group: 'plain', key: 'pruned_1', data: { gone: true } },
    ]);
    await dataSource.query(
      `UPDATE once_event SET payload = NULL, payload_bytes = NULL, encoding = 'pruned' WHERE event_key = 'pruned_1'`,
    );
    const dogs = app.get(getAggregatesToken(Dog));
    const fido = Dog.register('fido');
    fido.addTrick({ trick: 'roll' });
    await dogs.save(fido);
  };

  const rowsOf = async (dataSource: DataSource) => {
    const events = await dataSource.query<Record<string, unknown>[]>(
      'SELECT * FROM once_event ORDER BY position',
    );
    const tags = await dataSource.query<Record<string, unknown>[]>(
      'SELECT * FROM once_event_tag ORDER BY position, tag',
    );
    return events.map(({ position, registry_version: _, ...event }) => ({
      ...Object.fromEntries(Object.entries(event).map(([name, value]) => [name, formOf(value)])),
      tags: tags.filter((tag) => Number(tag.position) === Number(position)).map(({ tag }) => tag),
    }));
  };
  const exported = async (application: TestApplication, options = {}) => {
    let text = '';
    for await (const piece of archiveOf(application).export(options)) text += piece;
    return text;
  };

  afterEach(async () => {
    for (const each of applications.splice(0)) await each.close();
  });

  it('puts all that is stored of an event into another log, once, and starts no handler', async () => {
    const [source, target] = [await start(), await start()];
    await fill(source);
    const text = await exported(source);
    const first = await archiveOf(target).import([text]);
    expect(first).toMatchObject({ events: 7, imported: 7, known: 0, otherGroup: [], complete: true });
    expect(await rowsOf(target.dataSource)).toEqual(await rowsOf(source.dataSource));
    const before = await rowsOf(target.dataSource);
    expect(await archiveOf(target).import([Buffer.from(text)])).toMatchObject({
      events: 7,
      imported: 0,
      known: 7,
    });
    expect(await rowsOf(target.dataSource)).toEqual(before);
    // What writers left out, and others would make up for, has been looked for by then.
    await target.app.get<Engine>(engineToken()).parts.fanOut.reconcile();
    expect((await target.deliveries.list()).items).toEqual([]);
    expect((await target.log.get('dated_1'))!.data).toEqual({ at: AT, big: 2n ** 70n });
    const fido = await target.app.get(getAggregatesToken(Dog)).get('fido');
    expect(fido).toMatchObject({ version: 2, tricks: ['roll'] });
    const later = [];
    for await (const { key } of target.log.read({ tags: ['a:1'] })) later.push(key);
    expect(later).toEqual(['tagged_1']);
  });

  it('takes a log through a SQLite file into another database as it was', async () => {
    const [source, target] = [await start(), await start()];
    await fill(source);
    const folder = mkdtempSync(join(tmpdir(), 'once-archive-'));
    try {
      const between = await start({ name: 'sqlite', url: join(folder, 'between.db') });
      await archiveOf(between).import(archiveOf(source).export());
      await archiveOf(target).import(archiveOf(between).export());
      expect(await rowsOf(target.dataSource)).toEqual(await rowsOf(source.dataSource));
    } finally {
      await applications.pop()!.close();
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('gives deliveries where that is asked for, to the handlers that there are', async () => {
    const [source, target] = [await start(), await start()];
    await fill(source);
    await archiveOf(target).import([await exported(source)], { deliver: true });
    const { items } = await target.deliveries.list();
    expect(items.map(({ key, status }) => [key, status])).toHaveLength(7);
    expect(items.every(({ status }) => status === 'pending')).toBe(true);
    // An event that was imported without is not made up for by a backfill.
    const other = await start();
    await archiveOf(other).import([await exported(source)]);
    expect(await other.deliveries.backfill(items[0]!.handler)).toBe(0);
  });

  it('goes on behind a position, ends at one, and picks groups', async () => {
    const source = await start();
    await fill(source);
    const keys = (text: string) => [...text.matchAll(/"key":"([^"]+)"/g)].map(([, key]) => key);
    const all = keys(await exported(source));
    const positions = [...(await exported(source)).matchAll(/"position":(\d+)/g)].map(([, at]) => Number(at));
    expect(keys(await exported(source, { after: positions[1], until: positions[3] }))).toEqual(
      all.slice(2, 4),
    );
    expect(keys(await exported(source, { groups: ['tagged', 'large'] }))).toEqual(['tagged_1', 'large_1']);
    expect(keys(await exported(source, { groups: [] }))).toEqual([]);
    expect(() => archiveOf(source).export({ after: -1 })).toThrow(InvalidOptionError);
    const target = await start();
    const whole = await exported(source);
    const half = whole.split('\n').slice(0, 4).join('\n') + '\n';
    expect(await archiveOf(target).import([half])).toMatchObject({
      imported: 3,
      complete: false,
      position: positions[2],
    });
    const rest = half + (await exported(source, { after: positions[2] }));
    expect(await archiveOf(target).import([rest])).toMatchObject({ imported: 4, known: 3, complete: true });
    expect(await rowsOf(target.dataSource)).toEqual(await rowsOf(source.dataSource));
    expect(await archiveOf(await start()).import([whole], { after: positions[4] })).toMatchObject({
      imported: 2,
    });
  });

  it('decodes for people, and does not import that', async () => {
    const source = await start();
    await fill(source);
    const text = await exported(source, {
      decoded: ({ key, data }: any) => JSON.stringify({ key, data }, big),
    });
    expect(text).toContain('{"key":"dated_1","data":{"at":"2026-01-02T03:04:05.678Z"');
    await expect(archiveOf(source).import([text])).rejects.toThrow(/decoded ones/);
  });

  it('refuses lines that are none of an archive, keeps what was imported before, and goes on when they are mended', async () => {
    const [source, target] = [await start(), await start()];
    await source.log.append(Array.from({ length: 1500 }, (_, n) => ({ group: 'g', key: `g_${n}` })));
    const lines = (await exported(source)).split('\n');
    const broken = (line: number, text: string) => lines.with(line, text).join('\n');
    for (const [text, problem] of [
      ['{"position":1', 'JSON object'],
      ['{"key":""}', 'key to be'],
      [lines[1200]!.replace('"metadata":"{', '"metadata":"'), 'metadata'],
      [lines[1200]!.replace(/"recordedAt":\d+/, '"recordedAt":"now"'), 'recordedAt to be a whole number'],
      [lines[1200]!.replace(/}$/, ',"stream":"default:x","streamVersion":1}'), 'one place'],
    ] as const) {
      const failed = archiveOf(target).import([broken(1200, text)]);
      await expect(failed).rejects.toThrow(InvalidArchiveError);
      await expect(failed).rejects.toThrow(new RegExp(`Line 1201 .*${problem}`));
    }
    await expect(archiveOf(target).import(['{"position":1}'])).rejects.toThrow(/Line 1 /);
    expect(await rowsOf(target.dataSource)).toHaveLength(1000);
    expect(await archiveOf(target).import([lines.join('\n')])).toMatchObject({ imported: 500, known: 1000 });
  });

  it('tells of keys that are there under another group, and ends between two transactions', async () => {
    const [source, target] = [await start(), await start()];
    await source.log.append(Array.from({ length: 2500 }, (_, n) => ({ group: 'g', key: `g_${n}` })));
    await target.log.append({ group: 'other', key: 'g_7' });
    const text = await exported(source);
    const ending = new AbortController();
    const told: ImportReport[] = [];
    const onProgress = (report: ImportReport) => {
      told.push(report);
      ending.abort();
    };
    const ended = await archiveOf(target).import([text], { signal: ending.signal, onProgress });
    expect(ended).toMatchObject({ imported: 999, known: 1, otherGroup: ['g_7'], complete: false });
    expect(told[0]).toMatchObject({ imported: 999 });
    const again = await archiveOf(target).import([text], { after: ended.position });
    expect(again).toMatchObject({ imported: 1500, complete: true });
  });
});

const big = (_: string, value: unknown) => (typeof value === 'bigint' ? String(value) : value);

/** The drivers give large numbers, and bytes, in forms of their own. */
function formOf(value: unknown): unknown {
  if (value instanceof ArrayBuffer) return Buffer.from(value).toString('hex');
  if (ArrayBuffer.isView(value)) return Buffer.from(value as Uint8Array).toString('hex');
  return typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value;
}
