import { monitorEventLoopDelay } from 'node:perf_hooks';
import { DataSource } from 'typeorm';
import { installGate } from '../../../lib/store/dialects/sqlite/gate/install-gate.js';
import { dataSourceOptionsFrom } from '../../support/data-source-options.js';
import { Account } from './account.js';

/** Writes transactions and single inserts to a file that other processes write to; tells the longest block. */
const [file, name, count, journal] = process.argv.slice(2) as [string, string, string, string];
const dataSource = new DataSource(
  dataSourceOptionsFrom({ name: 'sqlite', url: file }, { entities: [Account], enableWAL: journal === 'wal' }),
);
await dataSource.initialize();
// On a slow disk the other process may be at it for long.
installGate(dataSource, { waitLimit: 600_000 });
const delay = monitorEventLoopDelay({ resolution: 1 });
process.send!('ready');
await new Promise((resolve) => process.once('message', resolve));
delay.enable();
await Promise.all(
  [...Array(Number(count)).keys()].map(async (number) => {
    await dataSource.transaction(async (manager) => {
      const counter = await manager.findOneByOrFail(Account, { id: 'counter' });
      await manager.insert(Account, { id: `${name}-${number}` });
      await manager.update(Account, { id: 'counter' }, { balance: counter.balance + 1 });
    });
    await dataSource.getRepository(Account).insert({ id: `${name}-${number}-single` });
  }),
);
delay.disable();
await dataSource.destroy();
process.send!(delay.max / 1e6, () => process.disconnect());
