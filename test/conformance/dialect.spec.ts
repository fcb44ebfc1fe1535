import { dialectConformance } from 'nestjs-once/testing';
import { DataSource } from 'typeorm';
import { type DatabaseAddress, dataSourceOptionsFrom, describeEachDatabase } from '../support/databases.js';

describeEachDatabase('the dialect port', (db) => {
  let address: DatabaseAddress;

  beforeAll(async () => {
    address = await db.create();
  });

  const suite = dialectConformance(() => new DataSource(dataSourceOptionsFrom(address)).initialize());
  for (const { name, run } of suite.checks) it(name, run);

  afterAll(() => suite.close());
});
