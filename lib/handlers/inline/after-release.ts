import type { QueryRunner } from 'typeorm';

/** Runs `work` once the runner has given its connection back; whoever awaits the release waits for it. */
export function afterRelease(runner: QueryRunner, work: () => Promise<void>): void {
  const release = runner.release.bind(runner);
  runner.release = async () => {
    runner.release = release;
    await release();
    await work();
  };
}
