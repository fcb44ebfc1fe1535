import type { QueryRunner } from 'typeorm';

/** How many transactions and savepoints are open on the runner, one inside of the other; TypeORM keeps it to itself. */
export function depthOf(runner: QueryRunner): number {
  return (runner as unknown as { transactionDepth: number }).transactionDepth;
}
