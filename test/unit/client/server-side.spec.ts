import { execFileSync } from 'node:child_process';
import { createEventLog, eventLog } from 'nestjs-once/client';
import { FakePage, FakeServer } from './fake-page.js';

describe('Where there is no page', () => {
  it('importing the client touches no global', () => {
    const touched = `
      const before = Reflect.ownKeys(globalThis);
      const names = ['document', 'window', 'localStorage', 'navigator', 'location', 'fetch', 'crypto', 'addEventListener'];
      for (const name of names)
        Object.defineProperty(globalThis, name, { configurable: true, get() { throw new Error(name + ' was touched'); } });
      await import(${JSON.stringify(new URL('../../../lib/client/index.ts', import.meta.url).href)});
      process.stdout.write('imported');`;
    const hooks = new URL('../../support/ts-hooks.mjs', import.meta.url).href;
    const register = `import { register } from 'node:module'; register(${JSON.stringify(hooks)});`;
    const script = register + touched;
    expect(execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' })).toBe(
      'imported',
    );
  });

  it.each([
    ['a client', () => createEventLog({ url: '/event/log' })],
    ['the shared client', () => eventLog],
  ])('%s does nothing, without a word', async (_, make) => {
    const log = make();
    log.log('shop.A', { id: 1 });
    await log.flush();
    log.stop();
  });
});

describe('Where there is one', () => {
  it('createEventLog finds it', async () => {
    const page = new FakePage(new FakeServer());
    const globals = Object.getOwnPropertyDescriptors(globalThis);
    const names = ['document', 'addEventListener', 'location', 'localStorage', 'fetch', 'navigator'] as const;
    for (const name of names)
      Object.defineProperty(globalThis, name, { configurable: true, value: page[name] });
    try {
      const log = createEventLog<{ 'shop.A': { id: number } }>();
      log.log('shop.A', { id: 1 });
      await log.flush();
      expect(page.server.names()).toEqual(['shop.A']);
    } finally {
      for (const name of names) {
        delete (globalThis as any)[name];
        if (globals[name]) Object.defineProperty(globalThis, name, globals[name]);
      }
    }
  });
});
