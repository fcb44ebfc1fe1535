import type { DataSource } from 'typeorm';
import type { Dialect } from '../../store/ports/dialect.js';
import { appendChecks } from './append-checks.js';
import { claimChecks } from './claim-checks.js';
import type { ConformanceSuite } from './conformance-check.js';
import { contentionChecks } from './contention-checks.js';
import { decisionChecks } from './decision-checks.js';
import { horizonChecks } from './horizon-checks.js';
import { largeAppendChecks } from './large-append-checks.js';
import { lockChecks } from './lock-checks.js';
import { type BenchCheck, LogBench } from './log-bench.js';
import { orderChecks } from './order-checks.js';
import { rankChecks } from './rank-checks.js';
import { rescueChecks } from './rescue-checks.js';
import { settleChecks } from './settle-checks.js';
import { signalChecks } from './signal-checks.js';
import { streamChecks } from './stream-checks.js';
import { tagChecks } from './tag-checks.js';
import { unknownKeyChecks } from './unknown-key-checks.js';
import { syntaxChecks } from './syntax-checks.js';

/** The checks of each port. The ports that are missing here are what these checks run on. */
const BY_PORT: { [Port in keyof Dialect]?: readonly BenchCheck[] } = {
  syntax: syntaxChecks,
  locks: lockChecks,
  log: [
    ...appendChecks,
    ...largeAppendChecks,
    ...streamChecks,
    ...tagChecks,
    ...unknownKeyChecks,
    ...contentionChecks,
  ],
  decisions: decisionChecks,
  deliveries: [...claimChecks, ...rankChecks, ...settleChecks, ...rescueChecks],
  keyOrder: orderChecks,
  horizon: horizonChecks,
  signals: signalChecks,
};

/**
 * What the event log relies on of a database, as checks for any test runner: to be run, all of them, by whoever adds a
 * database or a driver. `open` is called several times and has to give each time a new, initialised DataSource with at
 * least six connections (SQLite: one) on one and the same database, which was empty before; `close` destroys them.
 */
export function dialectConformance(open: () => Promise<DataSource>): ConformanceSuite {
  const bench = new LogBench(open);
  const all = Object.values(BY_PORT).flat();
  return {
    checks: all.map(({ name, run }) => ({ name, run: () => run(bench) })),
    close: () => bench.close(),
  };
}
