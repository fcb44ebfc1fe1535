import type { QueryRunner } from 'typeorm';
import type { AppendedEvent } from '../../store/commits/appended-event.js';
import type { CommitListener } from '../../store/commits/commit-hub.js';

/**
 * `dispatch: 'inline'`: the outermost `save` or `transaction` resolves when the handlers of its events had one attempt, and followers
 * theirs. They start when its connection is free, and by a claim or a read: what was not committed after all is shown by neither.
 * `run` runs what is due of these events, and what that emits.
 */
export function inlineDispatch(
  run: (events: readonly AppendedEvent[]) => Promise<void>,
  failed: (error: unknown) => void,
): CommitListener {
  return {
    reported: (runner, events) => afterRelease(runner, () => run(events).catch(failed)),
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
