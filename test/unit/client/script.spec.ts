import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createContext, runInContext } from 'node:vm';
import { gzipSync } from 'node:zlib';
import { FakePage, FakeServer } from './fake-page.js';

describe('The script for a tag', () => {
  let script: string;

  beforeAll(() => {
    const folder = mkdtempSync(join(tmpdir(), 'once-script-'));
    const built = join(folder, 'log.js');
    const { status, stderr } = spawnSync('npm', ['run', 'build:script', '--', `--outfile=${built}`], {
      encoding: 'utf8',
      shell: process.platform === 'win32',
    });
    if (status !== 0) throw new Error(stderr);
    script = readFileSync(built, 'utf8');
    rmSync(folder, { recursive: true });
  });

  /** Runs it in a page, as the tag says; null: by something that is no tag. */
  function run(
    { page, scope }: { page: FakePage; scope: object },
    src: string | null,
    dataset: Record<string, string>,
  ): void {
    Object.assign(page.document, { currentScript: src === null ? null : { src, dataset } });
    runInContext(script, scope);
  }

  /** The same in a page of its own. */
  function load(src: string | null, dataset: Record<string, string> = {}, globals: object = {}) {
    const page = new FakePage(new FakeServer());
    const warnings: string[] = [];
    const console = { warn: (line: string) => warnings.push(line) };
    const scope = createContext({ AbortSignal, Blob, console, TextEncoder, URL, ...globals });
    for (const name of Object.keys(page))
      Object.defineProperty(scope, name, { get: () => (page as any)[name] });
    run({ page, scope }, src, dataset);
    return { page, scope, warnings, log: scope.eventLog as ReturnType<FakePage['open']> };
  }

  it('is smaller than 4.5 kB, gzipped', () => {
    expect(gzipSync(script, { level: 9 }).length).toBeLessThan(4500);
  });

  it.each([
    ['https://shop.example/event/log.js', 'https://shop.example/event/log'],
    ['https://events.example/in.js?v=3#x', 'https://events.example/in'],
  ])('from %s posts to %s', async (src, url) => {
    const { page, log } = load(src);
    log.log('shop.A');
    await log.flush();
    expect(page.requests.map((request) => request.url)).toEqual([url]);
    expect(page.server.names()).toEqual(['shop.A']);
  });

  it('takes its options from the tag', async () => {
    const { page, log } = load('https://shop.example/event/log.js', {
      url: '/in',
      batchSize: '2',
      storage: 'false',
      respectDoNotTrack: '',
      credentials: 'omit',
    });
    for (let i = 0; i < 3; i++) log.log('shop.A');
    await log.flush();
    page.navigator.doNotTrack = '1';
    log.log('shop.B');
    await log.flush();
    expect(page.server.requests.map((events) => events.length)).toEqual([2, 1]);
    expect(page.requests[0]).toMatchObject({ url: 'https://shop.example/in', credentials: 'omit' });
  });

  it('twice in a page is one client, and leaves no other global', () => {
    const loaded = load('https://shop.example/event/log.js');
    const { scope, log, warnings } = loaded;
    const names = Object.keys(scope).sort();
    run(loaded, 'https://shop.example/event/log.js', {});
    expect(scope.eventLog).toBe(log);
    expect(Object.keys(scope).sort()).toEqual(names);
    expect(
      names.filter((name) => !['AbortSignal', 'Blob', 'console', 'TextEncoder', 'URL'].includes(name)),
    ).toEqual(['eventLog']);
    expect(warnings).toEqual([]);
  });

  it('of another door is a client of its own, by the name that its tag says', async () => {
    const loaded = load('https://shop.example/event/log.js');
    const { page, scope, log, warnings } = loaded;
    run(loaded, 'https://shop.example/intern/log.js', { name: 'internLog' });
    log.log('shop.A');
    scope.internLog.log('intern.B');
    await Promise.all([log.flush(), scope.internLog.flush()]);
    expect(page.requests.map(({ url, body }) => [url, JSON.parse(body)[0].__event__])).toEqual([
      ['https://shop.example/event/log', 'shop.A'],
      ['https://shop.example/intern/log', 'intern.B'],
    ]);
    expect(warnings).toEqual([]);

    run(loaded, 'https://shop.example/third/log.js', {});
    expect(warnings).toEqual([expect.stringMatching(/third.*eventLog is taken.*data-name/)]);
    expect(scope.eventLog).toBe(log);
  });

  it('says that its name is taken by something else', () => {
    const { warnings, log } = load('https://shop.example/event/log.js', {}, { eventLog: 'mine' });
    expect(log).toBe('mine');
    expect(warnings).toEqual([expect.stringContaining('eventLog is taken')]);
  });

  it.each([
    ['in a tag without an address', ''],
    ['as a module', null],
  ])('%s does nothing, says so once, and leaves its place to one that has an address', async (_, src) => {
    const loaded = load(src);
    const { page, scope, log, warnings } = loaded;
    log.log('shop.A');
    await log.flush();
    run(loaded, src, {});
    expect(warnings).toEqual([expect.stringContaining('has no address')]);
    expect(page.requests).toEqual([]);
    run(loaded, 'https://shop.example/event/log.js', {});
    scope.eventLog.log('shop.A');
    await scope.eventLog.flush();
    expect(page.requests).toHaveLength(1);
    expect(warnings).toHaveLength(1);
  });

  it('takes its address from the tag where it has no other', async () => {
    const { page, log } = load('', { url: '/in?tenant=a' });
    log.log('shop.A');
    await log.flush();
    expect(page.requests[0]!.url).toBe('https://shop.example/in?tenant=a');
  });
});
