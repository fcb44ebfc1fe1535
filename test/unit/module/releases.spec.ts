import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LIBRARY_RELEASE } from '../../../lib/core/library-release.js';
import { releaseIn } from '../../../lib/module/application-release.js';

describe('releases', () => {
  let folder: string;

  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'once-release-'))));
  afterEach(() => rmSync(folder, { recursive: true }));

  const found = (manifest: string) => {
    writeFileSync(join(folder, 'package.json'), manifest);
    return releaseIn(folder);
  };

  it("the library's is that of its package.json", () => {
    const { version } = JSON.parse(
      readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'),
    ) as { version: string };
    expect(LIBRARY_RELEASE).toBe(version);
  });

  it("the application's is the version in the package.json of the folder", () => {
    expect(found('{ "version": "1.2.3-rc.1" }')).toBe('1.2.3-rc.1');
  });

  it('there is none without such a file, and none of what it says that is no version', () => {
    expect(releaseIn(join(folder, 'nowhere'))).toBeUndefined();
    for (const manifest of ['{}', '{ "version": 7 }', '{ "version": "" }', 'null', '{', '"x"'])
      expect(found(manifest)).toBeUndefined();
    expect(found(JSON.stringify({ version: 'x'.repeat(101) }))).toBeUndefined();
  });
});
