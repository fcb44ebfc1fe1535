import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createApplication, followerOf } from '../harness/application.js';

const FOLLOWERS = 20;

export default {
  group: 'Followers',
  databases: ['postgres'],
  sizes: ({ quick }) => ({ followers: FOLLOWERS, seconds: quick ? 3 : 20 }),
  contenders: {
    with: { run: (context) => idle(context, FOLLOWERS) },
    without: { run: (context) => idle(context, 0) },
  },
  rows: [
    {
      id: 'statements',
      title: `statements per second of ${FOLLOWERS} idle followers of one process`,
      compared: 'with them / without any',
      of: 'with',
      to: 'without',
      metric: 'statementsPerSecond',
      unit: '/s',
      difference: true,
      compare: (having, without) => having - without,
      figure: { atMost: 2 },
    },
    {
      id: 'memory',
      title: `heap of each of them, after a collection`,
      compared: `with ${FOLLOWERS} / without any, by ${FOLLOWERS}`,
      of: 'with',
      to: 'without',
      metric: 'mebibytes',
      unit: 'MiB',
      difference: true,
      compare: (having, without) => (having - without) / FOLLOWERS,
      figure: { atMost: 1 },
    },
  ],
};

/** TypeORM tells a logger of each statement; `logQueries`: of those that the library asks by itself, too. */
async function idle({ address, sizes }, count) {
  const logger = new Counting();
  const application = await createApplication({
    address,
    database: { logging: true, logger },
    providers: Array.from({ length: count }, (_, index) =>
      followerOf(`bench${index}`, () => 0, `idle${index}`),
    ),
    options: { rescan: false, logQueries: true },
  });
  await application.init();
  for (;;) {
    const followers = await application.followers.list();
    if (followers.length === count && followers.every(({ isFollowed }) => isFollowed)) break;
    await sleep(10);
  }
  logger.statements = 0;
  await sleep(1000 * sizes.seconds);
  const statementsPerSecond = logger.statements / sizes.seconds;
  const mebibytes = heapAfterCollection();
  await application.close();
  return { statementsPerSecond, mebibytes };
}

/** Twice: what finalizers let go is collected by the second. */
function heapAfterCollection() {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc');
  collect();
  collect();
  return process.memoryUsage().heapUsed / 1024 / 1024;
}

/** A logger of TypeORM that counts statements. */
class Counting {
  statements = 0;
  logQuery() {
    this.statements++;
  }
  logQueryError() {}
  logQuerySlow() {}
  logSchemaBuild() {}
  logMigration() {}
  log() {}
}
