import { spawnSync } from 'node:child_process';

const address = (file: string) => new URL(file, import.meta.url).href;

/** Runs the global setup and teardown in a process of their own, with nothing of this test run in its environment. */
function setUp(variables: Record<string, string>) {
  const program = `
    import setup from '${address('./global-setup.mjs')}';
    import teardown from '${address('./global-teardown.mjs')}';
    await setup();
    await teardown();`;
  const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', program], {
    env: { PATH: process.env.PATH, ...variables },
    encoding: 'utf8',
  });
  return { status, stderr };
}

describe('the setup of a test run', () => {
  it.each(['ONCE_DATABASES', 'ONCE_REQUIRE_DATABASES'])('refuses an unknown database in %s', (variable) => {
    const { status, stderr } = setUp({ ONCE_DATABASES: 'sqlite', [variable]: 'sqlite, postgre' });
    expect(stderr).toContain(`${variable}: expected sqlite, postgres, mariadb or mysql, got "postgre".`);
    expect(status).toBe(1);
  });

  it.each([
    ['mariadb', 'ONCE_MARIADB_URL'],
    ['mysql', 'ONCE_MYSQL_URL'],
  ])('refuses to leave out %s when ONCE_REQUIRE_DATABASES names it', (name, variable) => {
    const names = `sqlite,${name}`;
    const { status, stderr } = setUp({ ONCE_DATABASES: names, ONCE_REQUIRE_DATABASES: names });
    expect(stderr).toContain(`ONCE_REQUIRE_DATABASES asks for ${name}, but: not tested, set ${variable}.`);
    expect(status).toBe(1);
  });

  it('does with the databases that ONCE_DATABASES names', () => {
    expect(setUp({ ONCE_DATABASES: 'sqlite', ONCE_REQUIRE_DATABASES: 'sqlite' })).toEqual({
      status: 0,
      stderr: '',
    });
  });
});
