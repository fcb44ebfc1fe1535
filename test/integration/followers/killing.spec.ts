import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { event, Followers, type FollowerStatus } from 'nestjs-once';
import { startApplication, type TestApplication } from '../../support/application.js';
import { type DatabaseAddress, dataSourceOptionsFrom } from '../../support/data-source-options.js';
import { describeEachDatabase } from '../../support/databases.js';
import { Effect } from './follower-process.js';
import { FOLLOWERS } from './killing-process.js';

const RUN_TS = fileURLToPath(new URL('../../support/run-ts.mjs', import.meta.url));
const PROCESS = fileURLToPath(new URL('killing-process.ts', import.meta.url));

/** Processes that die, at most: more would say that the event is never found. */
const MOST = 10;

describeEachDatabase('an event of which the process of its follower dies', (db) => {
  let address: DatabaseAddress;
  let observer: TestApplication;
  let child: ChildProcess | undefined;
  let deaths: number;
  /** What each process was given, in its order. */
  let given: string[][];

  beforeEach(async () => {
    address = await db.create();
    [deaths, given] = [0, []];
  });

  afterEach(async () => {
    child?.removeAllListeners('exit');
    child?.kill('SIGKILL');
    await observer.close();
  });

  /** An application that follows nothing, and records what happened. */
  async function record(onError: keyof typeof FOLLOWERS): Promise<void> {
    observer = await startApplication({
      database: dataSourceOptionsFrom(address),
      entities: [Effect],
      providers: [FOLLOWERS[onError]],
    });
    const numbers = Array.from({ length: 8 }, (_, index) => index + 1);
    await observer.log.append(numbers.map((n) => event('Happened', n, { n })));
  }

  /** Starts a process again whenever it has died, as an orchestrator does. */
  function keepAlive(onError: keyof typeof FOLLOWERS): void {
    const seen: string[] = [];
    given.push(seen);
    child = fork(RUN_TS, [PROCESS, 'die', JSON.stringify(address), onError]);
    child.on('message', ({ n, attempt }: { n: number; attempt: number }) => seen.push(`${n}.${attempt}`));
    child.once('exit', () => {
      deaths++;
      if (deaths < MOST) keepAlive(onError);
    });
  }

  async function comes(condition: (status: FollowerStatus) => boolean): Promise<FollowerStatus> {
    for (;;) {
      const status = await observer.app.get(Followers).status('Dying');
      if (condition(status)) return status;
      if (deaths >= MOST)
        throw new Error(`${MOST} processes died of it: ${JSON.stringify({ status, given })}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  const effects = async () =>
    (await observer.dataSource.getRepository(Effect).find({ order: { id: 'ASC' } })).map(({ n }) => n);

  it.each([
    ['skipped', 'skip'],
    ['skipped by a follower of several streams at a time', 'sideBySide'],
  ] as const)(
    'is found, counts as one that failed, and is %s: others are handled once',
    async (_title, how) => {
      await record(how);
      keepAlive(how);
      const status = await comes(({ lag }) => lag === 0);
      expect(status).toMatchObject({ state: 'running', skipped: 1, parked: 0 });
      expect(status).not.toHaveProperty('failure');
      const found = await effects();
      expect(how === 'skip' ? found : found.toSorted((a, b) => a - b)).toEqual([1, 2, 3, 5, 6, 7, 8]);
      // The last process that died of it was given it alone.
      expect(given[deaths - 1]!.at(-1)).toMatch(/^4\./);
      expect(given[deaths - 1]).toHaveLength(1);
      expect(given[deaths]).not.toContainEqual(expect.stringMatching(/^4\./));
    },
  );

  it('stops the follower when its attempts are used up, and says why', async () => {
    await record('stop');
    keepAlive('stop');
    const status = await comes(({ state }) => state === 'stopped');
    expect(status).toMatchObject({ position: 3, failure: { position: 4, attempts: 2 } });
    expect(status.failure!.error).toContain('FollowerProcessDiedError');
    expect(await effects()).toEqual([1, 2, 3]);
  });

  it('does not end each process that retries it where its stream is parked: others go on', async () => {
    await record('park');
    keepAlive('park');
    await comes(({ lag, parked }) => lag === 0 && parked === 1);
    const before = deaths;
    // A retry of the parked event ends one more process; its successor finds it put off.
    while (deaths === before) await new Promise((resolve) => child!.once('exit', resolve));
    await observer.log.append(event('Happened', 9, { n: 9 }));
    await comes(({ position, parked }) => position >= 9 && parked === 1);
    expect(await effects()).toEqual([1, 2, 3, 5, 6, 7, 8, 9]);
    expect(given[before]).toContainEqual(expect.stringMatching(/^4\./));
  });
});
