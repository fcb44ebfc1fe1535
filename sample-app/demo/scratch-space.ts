import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DataSource, type DataSourceOptions } from 'typeorm';
import { databaseOptions } from '../database.js';

/** A database and a folder for mails that exist for one run of the demo. */
export class ScratchSpace {
  private constructor(
    private readonly folder: string,
    /** A URL, or the path of a SQLite file. */
    readonly database: string,
    private readonly drop: () => Promise<unknown>,
  ) {}

  /** With `serverUrl`, a new database on that server; otherwise a SQLite file. */
  static async create(serverUrl?: string): Promise<ScratchSpace> {
    const folder = await mkdtemp(join(tmpdir(), 'donations-'));
    await mkdir(join(folder, 'mails'));
    if (!serverUrl) return new ScratchSpace(folder, join(folder, 'donations.db'), async () => {});
    const name = `donations_demo_${randomUUID().slice(0, 8)}`;
    await onServer(serverUrl, `CREATE DATABASE ${name}`);
    const url = new URL(serverUrl);
    url.pathname = `/${name}`;
    return new ScratchSpace(folder, url.href, () => onServer(serverUrl, `DROP DATABASE ${name}`));
  }

  get mails(): string {
    return join(this.folder, 'mails');
  }

  async remove(): Promise<void> {
    await this.drop();
    await rm(this.folder, { recursive: true, force: true });
  }
}

async function onServer(url: string, statement: string): Promise<void> {
  const server = new DataSource(databaseOptions(url, false) as DataSourceOptions);
  await server.initialize();
  try {
    await server.query(statement);
  } finally {
    await server.destroy();
  }
}
