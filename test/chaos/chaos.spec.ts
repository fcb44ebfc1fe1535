import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { databaseRun, type ServerRun } from '../support/database-run.mjs';
import { COMMIT_FAULTS } from './app/commit-faults.js';
import { conduct } from './conductor/conduct.js';
import { FAULTS, type FaultName } from './conductor/faults.js';
import { type ChaosSummary, findingsOf, tableOf } from './conductor/summary.js';
import type { ChaosDatabaseName } from './servers/chaos-database.js';
import { openDatabase } from './servers/open-database.js';
import { companyFor } from './sizes.js';

/** Of each run, at least; the long form is `npm run chaos`. */
const SECONDS = 6;
/** A run in which little happened would prove little. */
const LEAST_EVENTS = 21;
const PAUSE = { shortest: 200, longest: 1000 };
const SEEDS = [20_260_301];
/** A machine that has other things to do drains slowly. */
const LIMIT = 480_000;

const found = databaseRun();
const required = (process.env.ONCE_REQUIRE_DATABASES ?? '').split(',').map((name) => name.trim());

/** Left out on purpose; a server that is missing is another matter, the suite may have its own. */
const leftOut = (server: ServerRun | undefined) => server?.missing?.startsWith('left out') ?? false;

async function underFire(name: ChaosDatabaseName, seed: number): Promise<ChaosSummary | undefined> {
  const given = {
    postgres: found?.postgres.url,
    mariadb: found?.mariadb.url,
    mysql: found?.mysql.url,
  };
  const database = await openDatabase(name, given);
  if (!database) return undefined;
  try {
    return await conduct({
      database,
      seed,
      seconds: SECONDS,
      leastEvents: LEAST_EVENTS,
      untilMade: [...(Object.keys(COMMIT_FAULTS) as FaultName[]), 'new-version', 'reset'],
      pause: PAUSE,
      faults: Object.keys(FAULTS) as FaultName[],
      ...companyFor(name),
      log: () => undefined,
      keep: join(tmpdir(), `once-chaos-${name}-${seed}.json`),
    });
  } finally {
    await database.discard();
  }
}

const DATABASES = [
  ['PostgreSQL', 'postgres', found?.postgres],
  ['MariaDB', 'mariadb', found?.mariadb],
  ['MySQL', 'mysql', found?.mysql],
  ['SQLite', 'sqlite', found?.sqlite],
] as const;

describe.each(DATABASES.filter(([, , server]) => !leftOut(server)))(
  'an application under fire (%s)',
  (label, name) => {
    const seeds = [...SEEDS, Math.floor(Math.random() * 1e9)];

    it.each(seeds)(
      'loses nothing, does nothing twice, and leaves nothing behind: seed %i',
      async (seed) => {
        const summary = await underFire(name, seed);
        if (!summary) return missing(label, name);
        if (!('restart' in summary.faults) && name !== 'sqlite') withoutRestart(label, name);
        const wrong = Object.values(summary.counts).some((count) => count > 0);
        // The findings come first: reports cut long messages.
        if (wrong) throw new Error([...findingsOf(summary), tableOf(summary)].join('\n'));
        expect(summary.did.events).toBeGreaterThanOrEqual(LEAST_EVENTS);
        expect(summary.did.told).toBeGreaterThan(0);
        expect(summary.did.marked).toBeGreaterThan(0);
        expect(summary.did.decided).toBeGreaterThan(0);
        expect(summary.did.deliveries).toBeGreaterThan(summary.did.events);
      },
      LIMIT,
    );
  },
);

function missing(label: string, name: string): void {
  const message = `${label}: not under fire, its programs are not installed and no server was given`;
  if (required.includes(name)) throw new Error(`ONCE_REQUIRE_DATABASES asks for ${name}, but: ${message}.`);
  process.stderr.write(`  ${message}.\n`);
}

function withoutRestart(label: string, name: string): void {
  const message = `${label}: its server was not restarted, since its programs are not installed`;
  if (required.includes(name)) throw new Error(`ONCE_REQUIRE_DATABASES asks for ${name}, but: ${message}.`);
  process.stderr.write(`  ${message}.\n`);
}
