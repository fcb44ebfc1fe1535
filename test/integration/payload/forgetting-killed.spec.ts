import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { isErased } from 'nestjs-once';
import { startApplication, type TestApplication } from '../../support/application.js';
import {
  type DatabaseAddress,
  dataSourceOptionsFrom,
  describeEachDatabase,
} from '../../support/databases.js';
import { until } from '../../support/deferred.js';
import type { ForgettingSetup } from './forgetting-process.js';

const RUN_TS = fileURLToPath(new URL('../../support/run-ts.mjs', import.meta.url));
const PROCESS = fileURLToPath(new URL('./forgetting-process.ts', import.meta.url));
const LIMIT = 60_000;

/** Kills a process where it stands still. */
async function killed(setup: ForgettingSetup): Promise<void> {
  const child = fork(RUN_TS, [PROCESS, JSON.stringify(setup)]);
  const exited = once(child, 'close');
  const [message] = (await Promise.race([once(child, 'message'), exited])) as unknown[];
  expect(message).toBe('stands still');
  child.kill('SIGKILL');
  await exited;
}

describeEachDatabase('a process that is killed while it forgets somebody', (db) => {
  const personal = [{ groups: 'told', subject: ({ who }: { who: string }) => who, properties: ['secret'] }];
  let application: TestApplication | undefined;
  afterEach(() => application?.close());

  const start = async (address: DatabaseAddress) => {
    const database = dataSourceOptionsFrom(address);
    const options = { forgetting: { personal, keyCache: 0 }, worker: { pollInterval: 50 } };
    application = await startApplication({ database, options });
    return application.log;
  };

  it.each(['before', 'after'] as const)(
    'standing still %s the key is destroyed, is followed by one that goes on',
    async (standsStill) => {
      const address = await db.create();
      const before = await start(address);
      await before.append({ group: 'told', key: 'told', data: { who: 'anna', secret: 'plain' } });
      await application!.close();
      await killed({ address, standsStill, subject: 'anna' });

      const log = await start(address);
      // Nobody calls: upkeep does it.
      await until(async () => (await log.get('forgetting:forgotten:anna')) !== undefined, LIMIT);
      const told = await log.get<{ secret: unknown }>('told');
      expect(isErased(told!.data.secret)).toBe(true);
      expect(await application!.dataSource.query('SELECT subject FROM once_forgetting')).toEqual([]);
    },
    LIMIT * 2,
  );
});
