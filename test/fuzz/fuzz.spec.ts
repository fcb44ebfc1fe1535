import { describeAnyDatabase } from '../support/databases.js';
import { ADAPTERS } from '../support/http-application.js';
import { fuzz, type FuzzReport } from './fuzz.js';

/** Of each run, at least; the long form is `npm run fuzz`. */
const REQUESTS = 800;
/** By then every answer has come, whatever the seed. */
const MOST_REQUESTS = 20_000;
/** It is no proof of anything if all is refused, or nothing. */
const ANSWERS = [202, 400, 404, 409, 413, 415];
const SEEDS = [20_260_301, Math.floor(Math.random() * 1e9)];

describeAnyDatabase('the door under requests that nobody should send', (db) => {
  it.each(ADAPTERS.flatMap((adapter) => SEEDS.map((seed) => [adapter, seed] as const)))(
    'stands (%s, seed %i)',
    async (adapter, seed) => {
      const missing = ({ statuses }: FuzzReport) => ANSWERS.filter((status) => !statuses[status]);
      const goesOn = (soFar: FuzzReport) =>
        soFar.requests < REQUESTS || (missing(soFar).length > 0 && soFar.requests < MOST_REQUESTS);
      const report = await fuzz({ adapter, database: await db.options(), seed, goesOn });
      expect(report.findings).toEqual([]);
      expect(missing(report)).toEqual([]);
      expect(report.recorded).toBeGreaterThan(50);
    },
  );
});
