import type { ConformanceCheck, ConformanceSuite } from './conformance-check.js';
import { Bench, type ConformanceBroker } from './transport-bench.js';
import { COMMITS, POSITIONS, SENDING } from './transport-checks.js';
import { GROUPS, OUTAGES } from './transport-group-checks.js';

/**
 * What every transport has to keep: each check is for itself, with topics of its own. The checks run against a broker that is there;
 * where `open` makes one, `close` is to end it.
 */
export function transportConformance(make: () => Promise<ConformanceBroker>): ConformanceSuite {
  let broker: Promise<ConformanceBroker> | undefined;
  const all = { ...SENDING, ...POSITIONS, ...COMMITS, ...GROUPS, ...OUTAGES };
  const checks = Object.entries(all).map(([name, check]): ConformanceCheck => ({
    name,
    run: async () => {
      const made = await (broker ??= make());
      const bench = new Bench(made);
      try {
        await check(bench, made);
      } finally {
        await bench.close();
      }
    },
  }));
  return { checks, close: async () => (await broker)?.close?.() };
}
