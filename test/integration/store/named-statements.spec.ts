import { startApplication } from '../../support/application.js';
import { describeEachDatabase } from '../../support/databases.js';

/** As `pg` has it. */
interface Client {
  processID: number;
  connection: { parsedStatements: Record<string, string> };
}

describeEachDatabase('the append of one event', (db) => {
  const append = async (prepare: (client: Client) => void = () => undefined) => {
    const { dataSource, log, close } = await startApplication({
      database: await db.options({ poolSize: 1 }),
    });
    const runner = dataSource.createQueryRunner();
    const client = (await runner.connect()) as Client;
    prepare(client);
    await runner.startTransaction();
    const { manager } = runner;
    const recorded = [];
    for (const group of ['made', 'made'])
      recorded.push(await log.append({ group, key: 'made_1' }, { manager }));
    await runner.commitTransaction();
    await runner.release();
    expect(recorded).toMatchObject([{ recorded: true }, { recorded: false }]);
    expect(await log.get('made_1')).toMatchObject({ key: 'made_1', group: 'made' });
    await close();
    return client;
  };

  it('records a key once', async () => {
    await append();
  });

  if (db.name !== 'postgres') return;

  it('is a named statement on a connection of the client’s own', async () => {
    const { connection } = await append();
    expect(Object.keys(connection.parsedStatements)).toContainEqual(expect.stringMatching(/^once_/));
  });

  it('has no name behind a pooler, which tells its clients other process ids than the server’s', async () => {
    const { connection } = await append((client) => (client.processID += 1));
    expect(connection.parsedStatements).toEqual({});
  });
});
