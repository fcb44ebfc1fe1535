import type { QueryRunner } from 'typeorm';
import { connectionOf } from '../connection-of.js';

/** Ends the runner's connection, also with a statement running on it: `destroy` of a connection of `mysql2`. */
export async function abandon(runner: QueryRunner): Promise<void> {
  (await connectionOf<{ destroy(): void }>(runner))?.destroy();
}
