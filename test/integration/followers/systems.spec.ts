import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Provider } from '@nestjs/common';
import { event, EventSourcingModule, Followers, type RecordedEvent } from 'nestjs-once';
import { drain } from 'nestjs-once/testing';
import { startApplication, type TestApplication } from '../../support/application.js';
import { type DatabaseAddress, dataSourceOptionsFrom } from '../../support/data-source-options.js';
import { describeEachDatabase } from '../../support/databases.js';
import { until } from '../../support/deferred.js';
import { Dog } from '../../support/dog.js';
import { scriptedFollower } from '../../support/scripted-follower.js';
import { Book, Entry, type FOLLOWERS, Medals } from './system-process.js';

const RUN_TS = fileURLToPath(new URL('../../support/run-ts.mjs', import.meta.url));
const PROCESS = fileURLToPath(new URL('system-process.ts', import.meta.url));
const LESSONS = 40;
const LIMIT = 200_000;

describeEachDatabase('a system of followers', (db) => {
  let address: DatabaseAddress;
  const open: TestApplication[] = [];
  const children: ChildProcess[] = [];

  beforeEach(async () => {
    address = await db.create();
  });

  afterEach(async () => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
    for (const one of open.splice(0)) await one.close();
  });

  async function start(
    providers: Provider[],
    dispatch: 'background' | 'none' | 'inline' = 'none',
  ): Promise<TestApplication> {
    const application = await startApplication({
      database: dataSourceOptionsFrom(address),
      entities: [Entry],
      providers,
      imports: [EventSourcingModule.forFeature({ aggregates: [Dog], application: 'School' })],
      options: { dispatch, retry: { maxRetries: 0 }, worker: { pollInterval: 100 } },
      synchronize: open.length === 0,
    });
    open.push(application);
    return application;
  }

  async function startProcess(follower: keyof typeof FOLLOWERS): Promise<void> {
    const child = fork(RUN_TS, [PROCESS, 'follow', JSON.stringify(address), follower]);
    children.push(child);
    await once(child, 'message');
  }

  const lesson = (n: number) => event('Lesson', n, { n });

  /** Some by themselves, some in transactions that last, some of which are rolled back. */
  async function teach({ log, dataSource }: TestApplication): Promise<void> {
    const numbers = Array.from({ length: LESSONS }, (_, index) => index + 1);
    const teachOne = async (n: number) => {
      if (n % 4 !== 0) return log.append(lesson(n));
      return dataSource
        .transaction(async (manager) => {
          await log.append(lesson(n), { manager });
          await new Promise((resolve) => setTimeout(resolve, n % 8 === 0 ? 30 : 5));
          if (n % 8 === 0) throw new Error('rolled back');
        })
        .catch(() => undefined);
    };
    for (let first = 0; first < LESSONS; first += 5)
      await Promise.all(numbers.slice(first, first + 5).map(teachOne));
  }

  async function recorded({ log }: TestApplication): Promise<RecordedEvent[]> {
    const all: RecordedEvent[] = [];
    for await (const one of log.read()) all.push(one);
    return all;
  }

  it.each([
    ['in one process', false],
    ['in three processes', true],
  ])(
    'gives each follower what another collects behind its cause, %s, while others record slowly or roll back',
    async (_, isSpread) => {
      const recorder = await start(isSpread ? [] : [Medals, Book], isSpread ? 'none' : 'background');
      if (isSpread) await Promise.all([startProcess('Medals'), startProcess('Book')]);
      await teach(recorder);
      const taught = LESSONS - Math.floor(LESSONS / 8);
      const prices = Math.floor(LESSONS / 5) - Math.floor(LESSONS / 40);
      const entries = () => recorder.dataSource.getRepository(Entry).find({ order: { id: 'ASC' } });
      await until(async () => (await entries()).length >= 2 * taught + prices);

      const all = await recorded(recorder);
      expect((await entries()).map(({ key }) => key)).toEqual(all.map(({ key }) => key));
      const places = new Map(all.map(({ key, position }) => [key, position]));
      const collected = all.filter(({ group }) => group !== 'Lesson');
      expect(collected).toHaveLength(taught + prices);
      for (const { position, metadata } of collected)
        expect(places.get(metadata.causationId!)!).toBeLessThan(position);
    },
    LIMIT,
  );

  it('has a graph: of what is declared, and of what the log shows of others', async () => {
    const undeclared = scriptedFollower('Un:declared', 'Price', (_, { collect }) =>
      collect({ group: 'Lesson', data: { n: 1 } }),
    );
    const whole = await start([Medals, Book, undeclared]);
    const before = await whole.app.get(Followers).graph();
    expect(before.loops).toEqual([['Medals']]);
    await whole.log.append(lesson(5));
    await drain(whole.app);
    const { nodes, edges, loops } = await whole.app.get(Followers).graph();
    expect(loops).toEqual([['Medals', 'Un:declared']]);
    expect(nodes).toContainEqual({ kind: 'follower', name: 'Un:declared', isHere: true });
    expect(edges).toContainEqual({
      ...{ kind: 'collects', follower: 'Un:declared', group: 'Lesson', known: 'recorded' },
    });
    expect(edges.filter(({ kind }) => kind === 'follows')).toEqual(
      expect.arrayContaining([
        { kind: 'follows', follower: 'Un:declared', of: 'Medals', groups: ['Price'] },
        { kind: 'follows', follower: 'Book', of: 'Medals', groups: ['Medal', 'Price'] },
        { kind: 'follows', follower: 'Medals', of: 'Medals', groups: ['Medal'] },
      ]),
    );

    const part = await start([Book]);
    const seen = await part.app.get(Followers).graph();
    expect(seen.nodes).toContainEqual({ kind: 'follower', name: 'Medals', isHere: false });
    expect(seen.edges).toContainEqual({
      kind: 'follows',
      follower: 'Book',
      of: 'Medals',
      groups: ['Medal', 'Price'],
    });
    expect(seen.toMermaid()).toMatch(/^flowchart LR\n.*"Medals"\]:::elsewhere\n/s);
  });

  it('is held to what is declared: what a follower collects beside that is refused, an aggregate too', async () => {
    const collecting = (name: string, emits: string[], collected: () => object) =>
      scriptedFollower(name, 'Lesson', (_, { collect }) => collect(collected()), { emits });
    const { app, log } = await start([
      collecting('Event', ['Medal'], () => ({ group: 'Price' })),
      collecting('Aggregate', ['Medal'], () => Dog.register('fido')),
      collecting('Right', ['Dog.*'], () => Dog.register('rex')),
    ]);
    await log.append(lesson(1));
    await drain(app).catch(() => undefined);
    const followers = app.get(Followers);
    for (const [name, group] of [
      ['Event', 'Price'],
      ['Aggregate', 'Dog.Registered'],
    ] as const)
      expect(await followers.status(name)).toMatchObject({
        state: 'stopped',
        failure: { error: expect.stringContaining(`its option emits does not match the group "${group}"`) },
      });
    expect(await followers.status('Right')).toMatchObject({ state: 'running', lag: 0 });
    expect((await recorded(open[0]!)).map(({ group }) => group)).toEqual(['Lesson', 'Dog.Registered']);
  });
});
