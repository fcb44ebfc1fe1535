import type { DataSource } from 'typeorm';
import { appendChecks } from './append-checks.js';
import { claimChecks } from './claim-checks.js';
import type { ConformanceSuite } from './conformance-check.js';
import { contentionChecks } from './contention-checks.js';
import { horizonChecks } from './horizon-checks.js';
import { LogBench } from './log-bench.js';
import { orderChecks } from './order-checks.js';
import { rankChecks } from './rank-checks.js';
import { rescueChecks } from './rescue-checks.js';
import { settleChecks } from './settle-checks.js';
import { signalChecks } from './signal-checks.js';
import { streamChecks } from './stream-checks.js';
import { tagChecks } from './tag-checks.js';
import { unknownKeyChecks } from './unknown-key-checks.js';
import { utilityChecks } from './utility-checks.js';

/**
 * What the event log relies on of a database, as checks for any test runner: to be run, all of them, by whoever adds a
 * database or a driver. `open` is called several times and has to give each time a new, initialised DataSource with at
 * least six connections (SQLite: one) on one and the same database, which was empty before; `close` destroys them.
 */
export function dialectConformance(open: () => Promise<DataSource>): ConformanceSuite {
  const bench = new LogBench(open);
  const all = [
    ...appendChecks,
    ...streamChecks,
    ...tagChecks,
    ...unknownKeyChecks,
    ...contentionChecks,
    ...claimChecks,
    ...orderChecks,
    ...rankChecks,
    ...settleChecks,
    ...rescueChecks,
    ...horizonChecks,
    ...signalChecks,
    ...utilityChecks,
  ];
  return {
    checks: all.map(({ name, run }) => ({ name, run: () => run(bench) })),
    close: () => bench.close(),
  };
}
