// npm run chaos -- --database postgres --seconds 600 --seed 42 --faults kill-worker,restart --json summary.json
import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { conduct } from './conductor/conduct.js';
import { FAULTS, type FaultName } from './conductor/faults.js';
import { tableOf } from './conductor/summary.js';
import type { ChaosDatabaseName } from './servers/chaos-database.js';
import { openDatabase } from './servers/open-database.js';
import { companyFor } from './sizes.js';

const DATABASES = ['postgres', 'pgbouncer', 'mariadb', 'mysql', 'sqlite'] as const;

const { values } = parseArgs({
  options: {
    database: { type: 'string', default: 'postgres' },
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string' },
    faults: { type: 'string', default: Object.keys(FAULTS).join(',') },
    workers: { type: 'string' },
    json: { type: 'string' },
    /** A file for the whole evidence when something is found. */
    keep: { type: 'string' },
  },
});

// Servers and processes end with this one; its own files are left to the end of the process.
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(130));

const name = oneOf(DATABASES, values.database);
const database = await openDatabase(name, {
  postgres: process.env.ONCE_POSTGRES_URL,
  mariadb: process.env.ONCE_MARIADB_URL,
  mysql: process.env.ONCE_MYSQL_URL,
});
if (!database) fail(`There is no program of ${name} on this machine to start, and no server was given.`);
try {
  await run(name);
} finally {
  await database.discard();
}

async function run(its: ChaosDatabaseName): Promise<void> {
  const size = companyFor(its);
  const summary = await conduct({
    database: database!,
    seed: values.seed === undefined ? Math.floor(Math.random() * 1e9) : whole(values.seed, 'seed'),
    seconds: whole(values.seconds, 'seconds'),
    faults: values.faults.split(',').map((fault) => oneOf(Object.keys(FAULTS) as FaultName[], fault)),
    ...size,
    ...(values.workers ? { workers: whole(values.workers, 'workers') } : {}),
    log: (line) => process.stdout.write(`${line}\n`),
    keep: values.keep,
  });
  process.stdout.write(`\n${tableOf(summary)}\n`);
  if (values.json) await writeFile(values.json, `${JSON.stringify(summary, null, 2)}\n`);
  const wrong = Object.values(summary.counts).some((count) => count > 0);
  process.stdout.write(
    wrong ? '\nSomething that must not happen did.\n' : '\nAll that must be zero is zero.\n',
  );
  if (wrong) process.exitCode = 1;
}

function oneOf<T extends string>(allowed: readonly T[], value: string): T {
  const found = allowed.find((name) => name === value);
  return found ?? fail(`Expected one of ${allowed.join(', ')}, got "${value}".`);
}

function whole(text: string, option: string): number {
  const number = Number(text);
  return Number.isInteger(number) && number >= 0
    ? number
    : fail(`--${option}: expected a whole number, got "${text}".`);
}

function fail(message: string): never {
  process.stderr.write(`${message}\n`);
  process.exit(2);
}
