import { fileURLToPath } from 'node:url';
import { EventSourcingModule, getAggregatesToken } from 'nestjs-once';
import { startApplication, type TestApplication } from '../support/application.js';
import { type DatabaseAddress, dataSourceOptionsFrom, describeEachDatabase } from '../support/databases.js';
import { Dog } from '../support/dog.js';
import { commandHere } from './commands/command-run.js';
import { TrickCount, TrickCount2 } from './commands/school-parts.js';

const SCHOOL = fileURLToPath(new URL('./commands/school.module.ts', import.meta.url));
const NEXT_SCHOOL = fileURLToPath(new URL('./commands/school-2.module.ts', import.meta.url));
/** Each command starts the application, on a machine that has other things to do. */
const LIMIT = 200_000;

describeEachDatabase('the commands of followers', (db) => {
  let address: DatabaseAddress;
  /** Records, and follows nothing. */
  let application: TestApplication;
  const runWith = (env: Record<string, string>, ...line: string[]) =>
    commandHere(line, {
      env: { NESTJS_ONCE_APP: SCHOOL, COMMAND_DATABASE: JSON.stringify(address), ...env },
    });
  const run = (...line: string[]) => runWith({}, ...line);
  const counts = async (entity = TrickCount) => {
    const rows = await application.dataSource.getRepository(entity).find({ order: { trick: 'ASC' } });
    return rows.map(({ trick, dogs }) => [trick, dogs]);
  };

  beforeEach(async () => {
    address = await db.create();
    application = await startApplication({
      database: dataSourceOptionsFrom(address),
      entities: [TrickCount, TrickCount2],
      imports: [EventSourcingModule.forFeature({ aggregates: [Dog], application: 'TrainingSchool' })],
    });
    await train('fido', 'sit', 'roll over');
  });

  afterEach(() => application.close());

  async function train(id: string, ...tricks: string[]): Promise<void> {
    const dog = Dog.register(id);
    for (const trick of tricks) dog.addTrick({ trick });
    await application.app.get(getAggregatesToken(Dog)).save(dog);
  }

  it(
    'sync all or the named, each with a chance of its own, and tell as much as is asked for',
    async () => {
      const unknown = await run('sync-followers', 'Nobody');
      expect(unknown).toMatchObject({ code: 2, stdout: '' });
      expect(unknown.stderr).toContain(
        'Unknown followers selected: Nobody. The known followers are: TrickCounter, Grumbler.',
      );

      const dry = await run('sync-followers', '-n', 'TrickCounter');
      expect(dry).toMatchObject({ code: 0, stdout: '[1/1] Synchronizing TrickCounter... OK\n' });
      expect(dry.stderr).toContain('rolled back, but for what followers did outside of the database');
      expect(await counts()).toEqual([]);

      await train('rex', 'howl', 'sit');
      const all = await run('sync-followers', '-v', '2');
      expect(all.code).toBe(1);
      expect(all.stdout).toMatch(
        /^\[1\/2\] Synchronizing TrickCounter\.\.\. OK\n {2}TrainingSchool: 4 events$/m,
      );
      expect(all.stdout).toMatch(/^\[2\/2\] Synchronizing Grumbler\.\.\. FAILED$/m);
      expect(all.stderr).toMatch(/^Grumbler: RangeError: not at night$/m);
      expect(all.stderr).toMatch(/1 of 2 followers failed: Grumbler\./);
      expect(await counts()).toEqual([
        ['howl', 1],
        ['roll over', 1],
        ['sit', 2],
      ]);

      expect(await run('sync-followers', '-v', '0', 'TrickCounter')).toEqual({
        code: 0,
        stdout: '',
        stderr: '',
      });
      expect(await run('sync-followers', '-v', '4')).toMatchObject({ code: 2 });
    },
    LIMIT,
  );

  it(
    'reset a follower to the same totals, and refuse one that would keep what it made',
    async () => {
      await run('sync-followers', 'TrickCounter');
      const before = await counts();
      const listed = await run('reset-follower');
      expect(listed.stdout).toMatch(/^TrickCounter\n {2}no application: position \d+/m);

      const dry = await run('reset-follower', '-n', 'TrickCounter');
      expect(dry).toMatchObject({ code: 0, stdout: expect.stringContaining('would be forgotten; 2 events') });
      expect(await counts()).toEqual(before);

      const reset = await run('reset-follower', 'TrickCounter');
      expect(reset).toMatchObject({ code: 0, stdout: expect.stringContaining('2 events are handled again') });
      expect(await counts()).toEqual([]);
      await run('sync-followers', 'TrickCounter');
      expect(await counts()).toEqual(before);

      expect(await run('reset-follower', 'Grumbler')).toMatchObject({
        code: 2,
        stderr: expect.stringContaining('FOLLOWER_NOT_RESETTABLE'),
      });
      const partly = await run('reset-follower', '-u', 'TrainingSchool', 'TrickCounter');
      expect(partly).toMatchObject({ code: 2, stderr: expect.stringContaining('FOLLOWER_NOT_RESETTABLE') });
      expect(await run('reset-follower', '--force', 'Grumbler')).toMatchObject({
        code: 2,
        stderr: expect.stringContaining('-y'),
      });
      expect(await run('reset-follower', '--force', '-y', 'Grumbler')).toMatchObject({ code: 0 });
    },
    LIMIT,
  );

  it('draw the followers, or say what a drawing is made of', async () => {
    expect(await run('followers', 'graph')).toEqual({
      code: 0,
      stdout: `flowchart LR
  f1["TrickCounter"]
  f2["Grumbler"]
  g3(["Dog.TrickAdded"])
  g4(["Dog.*"])
  g3 --> f1
  g4 --> f2
`,
      stderr: '',
    });
    expect(JSON.parse((await run('followers', 'graph', '--json')).stdout)).toEqual({
      nodes: [
        { kind: 'follower', name: 'TrickCounter', isHere: true },
        { kind: 'follower', name: 'Grumbler', isHere: true },
        { kind: 'group', name: 'Dog.TrickAdded' },
        { kind: 'group', name: 'Dog.*' },
      ],
      edges: [
        { kind: 'takes', group: 'Dog.TrickAdded', follower: 'TrickCounter' },
        { kind: 'takes', group: 'Dog.*', follower: 'Grumbler' },
      ],
      loops: [],
    });
  });

  it(
    'rebuild a new version beside the one that is active, and go back to that',
    async () => {
      await run('sync-followers', 'TrickCounter');
      const rebuild = (env: Record<string, string>, ...line: string[]) =>
        runWith({ NESTJS_ONCE_APP: NEXT_SCHOOL, ...env }, 'rebuild-follower', ...line);
      expect(await rebuild({}, 'Nobody')).toMatchObject({
        code: 2,
        stderr: expect.stringContaining('Nobody'),
      });
      const dry = await rebuild({}, '-n', 'TrickCounter');
      expect(dry).toMatchObject({
        code: 0,
        stdout: expect.stringContaining('version 2 would handle 2 events'),
      });
      const failed = await rebuild({ COMMAND_FAILING: 'roll over' }, 'TrickCounter');
      expect(failed).toMatchObject({ code: 1, stderr: expect.stringMatching(/FOLLOWER_REBUILD.*not yet/) });
      const { stdout } = await run('followers', 'list', '--json');
      expect(JSON.parse(stdout)).toMatchObject([{}, { name: 'TrickCounter', activeVersion: 1 }]);

      const rebuilt = await rebuild({}, '--json', 'TrickCounter');
      expect(rebuilt.code).toBe(0);
      expect(JSON.parse(rebuilt.stdout)).toMatchObject({ version: 2, activeVersion: 2, interrupted: false });
      expect(await counts(TrickCount2)).toEqual(await counts());
      expect(await run('rebuild-follower', 'TrickCounter')).toMatchObject({
        code: 0,
        stdout: expect.stringMatching(/^TrickCounter: version 1 .*is the active one/),
      });
    },
    LIMIT,
  );

  it(
    'list, pause, resume, move, and skip what fails',
    async () => {
      await train('rex', 'howl', 'sit');
      await run('sync-followers');
      const stopped = JSON.parse((await run('followers', 'list', '--json')).stdout);
      expect(stopped).toMatchObject([
        { name: 'Grumbler', state: 'stopped', failure: { error: expect.stringContaining('not at night') } },
        { name: 'TrickCounter', state: 'running', lag: 0 },
      ]);
      const { position } = stopped[0].failure;
      expect(await run('followers', 'skip', 'Grumbler', String(position))).toMatchObject({ code: 0 });
      expect(await run('sync-followers', 'Grumbler')).toMatchObject({ code: 0 });

      await run('followers', 'pause', 'TrickCounter');
      expect((await run('followers', 'list')).stdout).toMatch(/^TrickCounter +1 +paused/m);
      expect((await run('status')).stdout).toMatch(/^TrickCounter +1 +paused/m);
      expect(await run('sync-followers', 'TrickCounter')).toMatchObject({ code: 1 });
      await run('followers', 'resume', 'TrickCounter');
      expect(await run('sync-followers', 'TrickCounter')).toMatchObject({ code: 0 });

      expect(await run('followers', 'move', 'TrickCounter', '0')).toMatchObject({ code: 2 });
      expect(await run('followers', 'move', '-y', 'TrickCounter', '0')).toMatchObject({ code: 0 });
      expect((await run('followers', 'list')).stdout).toMatch(/^TrickCounter +1 +running +0 /m);
    },
    LIMIT,
  );
});
