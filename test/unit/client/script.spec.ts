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

  /** Runs it in a page of its own, as the tag says. */
  function load(src: string, dataset: Record<string, string> = {}) {
    const page = new FakePage(new FakeServer());
    const scope = createContext({ AbortSignal, Blob, console, TextEncoder, URL });
    for (const name of Object.keys(page))
      Object.defineProperty(scope, name, { get: () => (page as any)[name] });
    Object.assign(page.document, { currentScript: { src, dataset } });
    runInContext(script, scope);
    return { page, scope, log: scope.eventLog as ReturnType<FakePage['open']> };
  }

  it('is smaller than 3 kB, gzipped', () => {
    expect(gzipSync(script, { level: 9 }).length).toBeLessThan(3000);
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
    const { scope, log } = load('https://shop.example/event/log.js');
    const names = Object.keys(scope).sort();
    runInContext(script, scope);
    expect(scope.eventLog).toBe(log);
    expect(Object.keys(scope).sort()).toEqual(names);
    expect(
      names.filter((name) => !['AbortSignal', 'Blob', 'console', 'TextEncoder', 'URL'].includes(name)),
    ).toEqual(['eventLog']);
  });
});
