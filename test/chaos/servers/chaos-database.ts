import type { DatabaseAddress } from '../../support/data-source-options.js';

export type ChaosDatabaseName = 'postgres' | 'pgbouncer' | 'mariadb' | 'mysql' | 'sqlite';

/** The database of one run, and what can be done to it. */
export interface ChaosDatabase {
  /** For messages: program and version. */
  readonly description: string;
  /** The conductor's own. */
  readonly address: DatabaseAddress;
  /** Where one process connects to: its sessions can be told from those of others. */
  addressOf(process: string): Promise<DatabaseAddress>;
  /** Ends every session but the conductor's; undefined where there are none. */
  readonly terminateSessions?: () => Promise<void>;
  /** Lets the server die as in a crash, and starts it again; undefined where it is not this run's own. */
  readonly crash?: () => Promise<void>;
  /** How many sessions each process has, by its name; undefined where there are none, or they are not its own. */
  readonly sessions?: () => Promise<ReadonlyMap<string, number>>;
  discard(): Promise<void>;
}
