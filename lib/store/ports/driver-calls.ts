import type { DataSource, QueryRunner } from 'typeorm';
import type { Send } from './sql.js';

/** PORT: what is asked of the driver itself, past TypeORM. Nothing has to be. */
export interface DriverCalls {
  /** Makes the DataSource fit to be shared, where TypeORM alone does not. Called once, before anything else. */
  install?(dataSource: DataSource): void;
  /**
   * Sends a statement to the driver itself: those that a handler waits for, and those that a process makes by itself. Default:
   * through TypeORM, more slowly, and shown in the application's query log.
   */
  readonly send?: Send;
  /**
   * Closes the runner's connection, also with a statement still running on it: the server rolls back. Never rejects.
   * Without it a connection whose rollback failed would be given to somebody else with a transaction open on it.
   */
  abandon?(runner: QueryRunner): Promise<void>;
  /** Why the runner's session ended, where it did and the driver was told. Never rejects. Default: nobody says why. */
  endedBy?(runner: QueryRunner): Promise<Error | undefined>;
}
