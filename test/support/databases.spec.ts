import { DataSource } from 'typeorm';
import { dataSourceOptionsFrom, describeEachDatabase } from './databases.js';

describeEachDatabase('a database under test', (db) => {
  it('is empty and shared by the DataSources of one address', async () => {
    const address = JSON.parse(JSON.stringify(await db.create()));
    const one = await new DataSource(dataSourceOptionsFrom(address, { poolSize: 2 })).initialize();
    const two = await new DataSource(dataSourceOptionsFrom(address)).initialize();
    await one.query('CREATE TABLE thing (id int)');
    await one.query('INSERT INTO thing VALUES (17)');
    expect(await two.query('SELECT id FROM thing')).toEqual([{ id: 17 }]);
    await Promise.all([one.destroy(), two.destroy()]);
  });

  it('is new with every call', async () => {
    for (const _ of [1, 2]) {
      const dataSource = await new DataSource(await db.options()).initialize();
      await dataSource.query('CREATE TABLE thing (id int)');
      await dataSource.destroy();
    }
  });
});
