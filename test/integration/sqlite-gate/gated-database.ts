import { randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DataSource } from 'typeorm';
import { type GateOptions, installGate } from '../../../lib/store/dialects/sqlite/gate/install-gate.js';
import { dataSourceOptionsFrom, type ExtraOptions } from '../../support/data-source-options.js';
import { Account } from './account.js';

/** Opens DataSources with the gate on a SQLite file of its own. */
export class GatedDatabase {
  readonly file = join(tmpdir(), `gate-${randomUUID()}.db`);
  private readonly opened: DataSource[] = [];

  async open(extra: ExtraOptions = {}, options?: GateOptions): Promise<DataSource> {
    const defaults = { entities: [Account], synchronize: true };
    const dataSource = new DataSource(
      dataSourceOptionsFrom({ name: 'sqlite', url: this.file }, { ...defaults, ...extra }),
    );
    await dataSource.initialize();
    this.opened.push(dataSource);
    installGate(dataSource, options);
    return dataSource;
  }

  async remove(): Promise<void> {
    for (const dataSource of this.opened) if (dataSource.isInitialized) await dataSource.destroy();
    for (const end of ['', '-wal', '-shm', '-journal']) rmSync(this.file + end, { force: true });
  }
}

/** The event loop goes round once: others come in between. */
export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

export async function idsOf(dataSource: DataSource): Promise<string[]> {
  const rows = await dataSource.getRepository(Account).find({ order: { id: 'ASC' } });
  return rows.map(({ id }) => id);
}
