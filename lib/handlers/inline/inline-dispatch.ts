import type { QueryRunner } from 'typeorm';
import type { CommitListener } from '../../store/commits/commit-hub.js';

/**
 * `dispatch: 'inline'`: the outermost `save` or `transaction` resolves when the handlers of its events had one attempt.
 * They start when its connection is free, and by a claim: what was not committed after all cannot be claimed. `run` runs
 * what is due of these events, and what that emits.
 */
export function inlineDispatch(
  run: (positions: readonly number[]) => Promise<void>,
  failed: (error: unknown) => void,
): CommitListener {
  return {
    reported: (runner, events) =>
      afterRelease(runner, () => run(events.map(({ position }) => position)).catch(failed)),
  };
}

/** Runs `work` once the runner has given its connection back; whoever awaits the release waits for it. */
function afterRelease(runner: QueryRunner, work: () => Promise<void>): void {
  const release = runner.release.bind(runner);
  runner.release = async () => {
    runner.release = release;
    await release();
    await work();
  };
}
