import { DataSource, type DataSourceOptions } from 'typeorm';
import { startApplication, type TestApplication } from '../../support/application.js';
import {
  dataSourceOptionsFrom,
  type DatabaseUnderTest,
  describeEachDatabase,
} from '../../support/databases.js';
import { until } from '../../support/deferred.js';
import { scriptedHandler } from '../../support/scripted-handler.js';

const TEXT = 'Łódź 😀 \uD800 \0 end';

describeEachDatabase('an error whose text the database cannot store', (db) => {
  let application: TestApplication | undefined;
  afterEach(() => application?.close());

  it('is kept with escapes: its delivery is tried again, and is dead in the end', async () => {
    application = await startApplication({
      database: await narrowDatabase(db),
      providers: [
        scriptedHandler('One', () => {
          throw new Error(TEXT);
        }),
      ],
      options: {
        dispatch: 'background',
        retry: { maxRetries: 1, interval: 1 },
        worker: { pollInterval: 20 },
      },
    });
    const { log, deliveries, dataSource } = application;
    if (db.dialect === 'mysql')
      await dataSource.query('ALTER TABLE once_delivery MODIFY error LONGTEXT CHARACTER SET latin1');
    await log.append({ group: 'made', key: 'made_1' });
    await until(async () => (await deliveries.counts()).dead === 1);
    const [dead] = (await deliveries.list()).items;
    expect(dead).toMatchObject({ attempts: 2 });
    const escaped = '\\u0141\\u00f3d\\u017a \\ud83d\\ude00 \\ufffd \\ufffd end';
    expect(dead!.error).toContain(db.dialect === 'sqlite' ? 'Łódź 😀 \uFFFD \uFFFD end' : escaped);
  });
});

/** On PostgreSQL one whose encoding has few characters. */
async function narrowDatabase(db: DatabaseUnderTest): Promise<DataSourceOptions> {
  const address = await db.create();
  if (db.dialect !== 'postgres') return dataSourceOptionsFrom(address);
  const url = new URL(address.url);
  const name = `${url.pathname.slice(1)}_latin1`;
  const wide = await new DataSource(dataSourceOptionsFrom(address)).initialize();
  await wide.query(
    `CREATE DATABASE ${name} ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0`,
  );
  await wide.destroy();
  url.pathname = `/${name}`;
  return dataSourceOptionsFrom({ ...address, url: url.href });
}
