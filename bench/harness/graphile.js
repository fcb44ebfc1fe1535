import { Logger, makeWorkerUtils, run, runMigrations } from 'graphile-worker';
import pg from 'pg';

/** Keeps what it is told to itself: a line for each job would cost more than the job. */
const quiet = new Logger(() => () => undefined);

export async function prepareGraphile({ address, jobs = 0 }) {
  await runMigrations({ connectionString: address.url, logger: quiet });
  const utils = await makeWorkerUtils({ connectionString: address.url, logger: quiet });
  for (let from = 0; from < jobs; from += 1000) {
    const specs = Array.from({ length: Math.min(1000, jobs - from) }, (_, index) => ({
      identifier: 'bench',
      payload: { number: from + index },
    }));
    await utils.addJobs(specs);
  }
  await utils.release();
}

/** A runner with one task `bench`, on a pool that is connected. */
export async function runGraphile(pool, settings, handle) {
  const taskList = { bench: async (payload) => handle(payload) };
  return run({ pgPool: pool, taskList, noHandleSignals: true, logger: quiet, preset: { worker: settings } });
}

export async function connectedPool(address, max = 10) {
  const pool = new pg.Pool({ connectionString: address.url, max });
  pool.on('error', () => undefined);
  pool.on('connect', (client) => client.on('error', () => undefined));
  await pool.query('SELECT 1');
  return pool;
}
