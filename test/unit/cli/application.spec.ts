import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Module } from '@nestjs/common';
import { applicationFile, exported } from '../../../lib/cli/application-file.js';
import { ApplicationNotFoundError } from '../../../lib/cli/errors.js';
import { StderrLogger } from '../../../lib/cli/stderr-logger.js';
import { resolveOptions } from '../../../lib/module/options.js';
import { testIo } from '../../support/command-io.js';

@Module({ providers: [] })
class AppModule {}

@Module({ imports: [] })
class OtherModule {}

class Plain {}

describe('the application of a command', () => {
  const folder = mkdtempSync(join(tmpdir(), 'once-app-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('is the file that is named, else that of the environment, of package.json, of the build', () => {
    const inner = join(folder, 'src', 'deep');
    mkdirSync(inner, { recursive: true });
    const manifest = join(folder, 'package.json');
    const file = (told?: string, env = {}) => applicationFile(told, { env, cwd: inner });
    writeFileSync(manifest, '{}');
    expect(file()).toBe(join(folder, 'dist/app.module.js'));
    writeFileSync(manifest, '{ "nestjs-once": { "app": "build/main.js" } }');
    expect(file()).toBe(join(folder, 'build/main.js'));
    expect(file(undefined, { NESTJS_ONCE_APP: 'a.js' })).toBe(join(inner, 'a.js'));
    expect(file(undefined, { NESTJS_ONCE_APP: '' })).toBe(join(folder, 'build/main.js'));
    expect(file('b.js', { NESTJS_ONCE_APP: 'a.js' })).toBe(join(inner, 'b.js'));
    writeFileSync(manifest, '{');
    expect(() => file()).toThrow(ApplicationNotFoundError);
  });

  it('is the default export, AppModule, the only module or the only function of a file', () => {
    const make = () => undefined;
    const found = (loaded: Record<string, unknown>) => {
      const one = exported(loaded);
      return one && ('module' in one ? one.module : one.make);
    };
    expect(found({ default: AppModule })).toBe(AppModule);
    expect(found({ default: make, AppModule })).toBe(make);
    expect(found({ AppModule, OtherModule })).toBe(AppModule);
    expect(found({ Plain, OtherModule })).toBe(OtherModule);
    expect(found({ make, answer: 42 })).toBe(make);
    // As Node gives a CommonJS file.
    expect(found({ default: { OtherModule }, 'module.exports': { OtherModule } })).toBe(OtherModule);
    expect(found({ default: { default: make } })).toBe(make);
    for (const none of [
      {},
      { default: Plain },
      { Plain },
      { a: OtherModule, b: class B {}, c: AppModule },
      { a: make, b: () => 1 },
    ])
      expect(found(none)).toBe(undefined);
  });

  it('has no worker, schedule or summary while a command runs, whatever its options say', () => {
    const options = {
      dispatch: 'background',
      rescan: { cron: '* * * * *', onStart: true },
      summary: true,
    } as const;
    const command = (name: string) => resolveOptions(options, { NESTJS_ONCE_COMMAND: name });
    expect(command('status')).toMatchObject({ dispatch: 'none', rescan: false, summary: false, idle: false });
    expect(command('migrate')).toMatchObject({ dispatch: 'none', idle: true });
    expect(resolveOptions(options, {})).toMatchObject({ dispatch: 'background', summary: true });
    expect(resolveOptions(options, {}).idle).toBeUndefined();
  });

  it('logs on stderr: what warns, or all of it', () => {
    const said = (tellsAll: boolean) => {
      const io = testIo();
      const logger = new StderrLogger(io.stderr, tellsAll);
      logger.log('started', 'Nest');
      logger.debug({ detail: 1 });
      logger.warn('odd', 'Mails');
      logger.error(new RangeError('bad'), 'stack', 'Mails');
      logger.fatal('gone');
      return io.said();
    };
    expect(said(false)).toEqual({
      stdout: '',
      stderr: expect.stringMatching(
        /^warn \[Mails\] odd\nerror \[Mails\] RangeError: bad[^]*\nfatal gone\n$/,
      ),
    });
    expect(said(true).stderr).toMatch(/^log \[Nest\] started\ndebug \{"detail":1\}\nwarn/);
  });
});
