import type { QueryRunner } from 'typeorm';
import type { AppendedEvent } from '../../store/commits/appended-event.js';
import type { CommitListener } from '../../store/commits/commit-hub.js';
import { afterRelease } from './after-release.js';

/**
 * `dispatch: 'inline'`: the outermost `save` or `transaction` resolves when the handlers of its events had one attempt.
 * They start when its connection is free, and by a claim: what was not committed after all cannot be claimed.
 */
export class InlineDispatch implements CommitListener {
  constructor(
    /** Runs what is due of these events, and what that emits. */
    private readonly run: (positions: readonly number[]) => Promise<void>,
    private readonly failed: (error: unknown) => void,
  ) {}

  reported(runner: QueryRunner, events: readonly AppendedEvent[]): void {
    const positions = events.map(({ position }) => position);
    afterRelease(runner, () => this.run(positions).catch((error: unknown) => this.failed(error)));
  }
}
