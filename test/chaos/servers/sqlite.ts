import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ChaosDatabase } from './chaos-database.js';

/** A file; there is nothing to end and nothing to restart. */
export function sqliteFile(): ChaosDatabase {
  const folder = mkdtempSync(join(tmpdir(), 'once-chaos-sqlite-'));
  const address = { name: 'sqlite', url: join(folder, 'chaos.db') } as const;
  const remove = () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  // Also where the run was interrupted.
  process.once('exit', remove);
  return {
    description: 'SQLite (libsql)',
    address,
    addressOf: async () => address,
    discard: async () => {
      process.off('exit', remove);
      remove();
    },
  };
}
