import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Account } from './account.js';
import { GatedDatabase } from './gated-database.js';

const RUN_TS = fileURLToPath(new URL('../../support/run-ts.mjs', import.meta.url));
const WRITER = fileURLToPath(new URL('./writer.ts', import.meta.url));
const COUNT = 300;

async function writer(file: string, name: string, journal: string): Promise<ChildProcess> {
  const child = fork(RUN_TS, [WRITER, file, name, String(COUNT), journal], {
    stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
  });
  child.stderr!.on('data', (data: Buffer) => process.stderr.write(data));
  const [message] = (await Promise.race([once(child, 'message'), once(child, 'exit')])) as unknown[];
  expect(message).toBe('ready');
  return child;
}

/** The longest time, in milliseconds, for which the child's event loop stood still. */
async function written(child: ChildProcess): Promise<number> {
  const exited = once(child, 'exit');
  let longest = Number.NaN;
  child.once('message', (message) => (longest = message as number));
  child.send('go');
  expect(await exited).toEqual([0, null]);
  return longest;
}

describe('two processes on one SQLite file', () => {
  const database = new GatedDatabase();
  afterEach(() => database.remove());

  it.each(['wal', 'delete'])(
    'write without errors and without blocking their event loops (journal: %s)',
    async (journal) => {
      const dataSource = await database.open({ enableWAL: journal === 'wal' });
      await dataSource.getRepository(Account).insert({ id: 'counter' });
      const children = await Promise.all(['a', 'b'].map((name) => writer(database.file, name, journal)));
      const start = performance.now();
      const blocks = await Promise.all(children.map(written));
      const took = Math.round(performance.now() - start);
      console.info(
        `${journal}: ${took} ms; longest event loop block ${blocks.map((ms) => ms.toFixed(0)).join(' and ')} ms`,
      );

      const repository = dataSource.getRepository(Account);
      expect(await repository.findOneBy({ id: 'counter' })).toEqual({ id: 'counter', balance: 2 * COUNT });
      expect(await repository.count()).toBe(1 + 4 * COUNT);
    },
  );
});
