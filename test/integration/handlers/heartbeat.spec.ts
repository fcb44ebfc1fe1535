import { startApplication, type TestApplication } from '../../support/application.js';
import { describeEachDatabase } from '../../support/databases.js';
import { until } from '../../support/deferred.js';
import { scriptedHandler } from '../../support/scripted-handler.js';
import { Statements } from '../../support/statements.js';

describeEachDatabase("a handler's heartbeat", (db) => {
  const applications: TestApplication[] = [];

  const start = async (
    dispatch: 'none' | 'background',
    database: ReturnType<typeof db.options>,
    statements = new Statements(),
  ) => {
    const application = await startApplication({
      database: { ...(await database), logging: true, logger: statements },
      synchronize: applications.length === 0,
      providers: [scriptedHandler('Mails', () => undefined)],
      options: { dispatch, worker: { pollInterval: 10 } },
    });
    applications.push(application);
    return application;
  };

  afterEach(async () => {
    for (const each of applications.splice(0)) await each.close();
  });

  it('is that of processes which can run it, not of one that only records', async () => {
    const database = db.options();
    const application = await start('background', database);
    await application.close();
    applications.splice(0);
    const statements = new Statements();
    const recorder = await start('none', database, statements);
    await recorder.dataSource.query('UPDATE once_handler_pattern SET heartbeat_at = 1');
    // Chores go round: what it does in each of them it has done by then.
    const look = /SELECT value FROM .*registry_version/;
    await statements.seen(look, statements.matching(look).length + 3);
    expect((await recorder.deliveries.handlers())[0]!.lastHeartbeatAt).toEqual(new Date(1));
    await start('background', database);
    const heard = async () => (await recorder.deliveries.handlers())[0]!.lastHeartbeatAt!;
    await until(async () => (await heard()).getTime() > 1);
  });
});
