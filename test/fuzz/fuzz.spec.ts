import { describeAnyDatabase } from '../support/databases.js';
import { ADAPTERS } from '../support/http-application.js';
import { fuzz } from './fuzz.js';

/** Of each run; the long form is `npm run fuzz`. */
const REQUESTS = 800;
const SEEDS = [20_260_301, Math.floor(Math.random() * 1e9)];

describeAnyDatabase('the door under requests that nobody should send', (db) => {
  it.each(ADAPTERS.flatMap((adapter) => SEEDS.map((seed) => [adapter, seed] as const)))(
    'stands (%s, seed %i)',
    async (adapter, seed) => {
      const goesOn = (requests: number) => requests < REQUESTS;
      const report = await fuzz({ adapter, database: await db.options(), seed, goesOn });
      expect(report.findings).toEqual([]);
      // It is no proof of anything if all is refused, or nothing.
      expect(report.recorded).toBeGreaterThan(50);
      for (const status of [202, 400, 404, 409, 413, 415]) expect(report.statuses[status]).toBeGreaterThan(0);
    },
  );
});
