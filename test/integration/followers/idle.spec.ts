import { once } from 'node:events';
import type { Type } from '@nestjs/common';
import { Follower, On } from 'nestjs-once';
import type { DataSourceOptions } from 'typeorm';
import { startApplication, type TestApplication } from '../../support/application.js';
import { describeEachDatabase } from '../../support/databases.js';
import { Statements } from '../../support/statements.js';

/** What all followers of a process are looked at by. */
const LOOK = /FROM [^ ]*once_follower[^ ]* f JOIN/;
const LOOKS = 4;
/** Milliseconds between looks; the default is a second. */
const INTERVAL = 200;
/** What a timer may be early by, for each look. */
const EARLY = 5;

function follower(index: number): Type {
  @Follower(`Idle${index}`)
  class Idle {
    @On(`Happened${index}`)
    happened(): void {}
  }
  return Idle;
}

describeEachDatabase('twenty idle followers of a process', (db) => {
  let application: TestApplication | undefined;
  let database: DataSourceOptions;
  const statements = new Statements();

  beforeEach(async () => {
    database = { ...(await db.options()), logging: true, logger: statements };
  });
  afterEach(() => application?.close());

  it('ask the database two things in each interval beside what the process asks without them', async () => {
    application = await startApplication({
      database,
      providers: Array.from({ length: 20 }, (_, index) => follower(index)),
      // The process has a lease, and does its chores, with followers or without.
      options: { dispatch: 'background', rescan: false, worker: { pollInterval: INTERVAL } },
    });
    // The second look is the first for which all followers are registered and owned.
    await look(2);
    const began = performance.now();
    statements.all.length = 0;
    await look(LOOKS);
    const elapsed = performance.now() - began;
    const own = statements.all.filter((statement) => !isOfProcess(statement));
    expect(own.length).toBeLessThanOrEqual(2 * LOOKS);
    expect(elapsed).toBeGreaterThanOrEqual(LOOKS * (INTERVAL - EARLY));
  });

  async function look(count: number): Promise<void> {
    const before = statements.matching(LOOK).length;
    while (statements.matching(LOOK).length < before + count) await once(statements, 'statement');
  }
});

/** Its lease, its chores in their transaction, and its look for deliveries, of which followers are no part. */
function isOfProcess(statement: string): boolean {
  const isItsTable = /once_(worker|delivery|handler|retention|chore|lease|state)/.test(statement);
  return !LOOK.test(statement) && (isItsTable || /^(START|BEGIN|COMMIT)|AS now$/.test(statement));
}
