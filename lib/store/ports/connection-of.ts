import type { QueryRunner } from 'typeorm';

/** The driver's connection that the runner holds; undefined where it could get none, or has given it back. */
export async function connectionOf<T>(runner: QueryRunner): Promise<T | undefined> {
  const connection = (await runner.connect().catch(() => undefined)) as T | undefined;
  return runner.isReleased ? undefined : connection;
}
