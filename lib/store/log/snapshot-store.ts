import type { QueryRunner } from 'typeorm';
import type { StoredPayload } from '../../core/stored-payload.js';
import type { Database } from '../db/database.js';
import type { Row } from '../ports/sql.js';
import type { Sql } from '../ports/sql.js';

/** The state of an aggregate as it stands in the table: what the log made of it up to a version. */
export interface StoredSnapshot {
  readonly version: number;
  /** Of the state. */
  readonly schemaVersion: number;
  readonly stored: StoredPayload;
}

const COLUMNS = [
  'stream',
  'version',
  'schema_version',
  'payload',
  'payload_bytes',
  'encoding',
  'created_at',
] as const;

/** Snapshots of streams, which can be made again of the log at any time. */
export class SnapshotStore {
  constructor(private readonly database: Database) {}

  /** The latest of this schema version; where there is none, of any. With `upTo`, none behind that version. */
  async latest(
    stream: string,
    { schemaVersion, upTo }: { schemaVersion: number; upTo: number | undefined },
    runner?: QueryRunner,
  ): Promise<StoredSnapshot | undefined> {
    const bound = upTo === undefined ? '' : 'AND version <= ?';
    const read = (sql: Sql) =>
      sql.row(
        `SELECT ${COLUMNS.join(', ')} FROM ${this.database.tables.snapshot} WHERE stream = ? ${bound}
         ORDER BY CASE WHEN schema_version = ? THEN 0 ELSE 1 END, version DESC, schema_version DESC LIMIT 1`,
        [stream, ...(upTo === undefined ? [] : [upTo]), schemaVersion],
      );
    const row = await (runner ? read(this.database.on(runner)) : this.database.run(read));
    return row && storedSnapshot(row);
  }

  /** Leaves one that is there as it is, unless it is to be replaced. */
  async write(
    stream: string,
    { version, schemaVersion, stored }: StoredSnapshot,
    replace = false,
  ): Promise<void> {
    const { database } = this;
    const { snapshot } = database.tables;
    const key = [stream, version, schemaVersion];
    const bytes = stored.bytes && Buffer.from(stored.bytes);
    const values = [...key, stored.text, bytes, stored.encoding, database.clock.now().getTime()];
    const insert = (sql: Sql) => sql.change(database.dialect.syntax.insertNew(snapshot, COLUMNS), values);
    if (!replace) return void (await database.run(insert));
    await database.transaction(async (sql) => {
      await sql.change(
        `DELETE FROM ${snapshot} WHERE stream = ? AND version = ? AND schema_version = ?`,
        key,
      );
      await insert(sql);
    });
  }
}

function storedSnapshot(row: Row): StoredSnapshot {
  const bytes = row.payload_bytes as Uint8Array | ArrayBuffer | null;
  return {
    version: Number(row.version),
    schemaVersion: Number(row.schema_version),
    stored: {
      text: row.payload as string | null,
      bytes: bytes === null || ArrayBuffer.isView(bytes) ? bytes : new Uint8Array(bytes),
      encoding: row.encoding as string,
    },
  };
}
