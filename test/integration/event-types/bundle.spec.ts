import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spawnSync } from 'node:child_process';
import { build } from 'esbuild';

const root = join(import.meta.dirname, '../../..');

/** What an application's own bundle has: a class, and the registry that reads its decorators. */
const SOURCE = `
  import 'reflect-metadata';
  import { Transform, Type } from 'class-transformer';
  import { IsInt } from 'class-validator';
  import { EventType } from './lib/event-types/event-type.decorator.js';
  import { EventTypeRegistry } from './lib/event-types/event-type-registry.js';

  @EventType('shop.Click')
  class Click {
    @IsInt() @Type(() => Number) position!: number;
    @Transform(({ value }) => value.trim()) note!: string;
  }

  const options = { nestedNames: false, whitelist: false as const, trustedProxies: 0, now: Date.now, isOwn: () => false };
  const types = new EventTypeRegistry(options);
  types.register([Click])
    .then(() => types.prepare('shop.Click', { position: '3', note: ' a ' }))
    .then(({ input }) => console.log(JSON.stringify(input.data)), (error) => console.log(error.code));
`;

describe('an application that is bundled, far from its packages', () => {
  let folder: string;
  beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'once-bundle-'))));
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it.each([
    ['their CommonJS form', ['main'], '{"position":3,"note":"a"}'],
    ['two forms of class-transformer', ['module', 'main'], 'SPLIT_PACKAGE'],
  ])('with %s, heeds decorators or says that it cannot', async (_, mainFields, says) => {
    const outfile = join(folder, 'main.cjs');
    await build({
      stdin: { contents: SOURCE, resolveDir: root, loader: 'ts' },
      bundle: true,
      platform: 'node',
      mainFields,
      outfile,
      tsconfigRaw: { compilerOptions: { experimentalDecorators: true } },
      logLevel: 'error',
    });
    writeFileSync(join(folder, 'package.json'), '{}');
    const { stdout, stderr } = spawnSync(process.execPath, [outfile], { encoding: 'utf8', cwd: folder });
    expect(stdout.trim() || stderr).toBe(says);
  });
});
