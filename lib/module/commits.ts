import { Logger } from '@nestjs/common';
import type { QueryRunner } from 'typeorm';
import { toTellOthers } from '../handlers/told-others.js';
import type { Worker } from '../handlers/worker.js';
import { afterRelease, CommitTracker, type Recorded } from '../store/commit-tracker.js';
import type { Preclaimed, Preclaimer } from '../store/preclaims.js';
import type { SendWithCommit } from '../store/signals.js';
import type { WakeUp } from '../store/wake-up.js';
import type { ResolvedOptions } from './options.js';

/** Asked for when something is recorded: the worker is made of what is made with the log. */
export interface CommitsParts {
  worker: () => Worker;
  wakeUp: () => WakeUp;
  /** Of this process's handlers, without those that are paused. */
  handlerIds: () => readonly number[];
  /** Something may be due. */
  wake: () => void;
  /** Events at these positions were committed. */
  committed: (runner: QueryRunner, positions: readonly number[]) => void;
}

/** What a process does about the events that it records: hand them to its own handlers, and tell others. */
export class Commits {
  readonly tracker = new CommitTracker(
    (runner, recorded) => this.committed(runner, recorded),
    (preclaimed) => this.preclaiming.undone(preclaimed),
    (runner, { handlerIds }) => this.parts.wakeUp().tellWithCommit(runner, this.toTellOthers(handlerIds)),
  );
  readonly preclaimer: Preclaimer = {
    claimant: (handlerIds) => this.preclaiming.claimant(handlerIds),
    takes: (handlerId) => this.preclaiming.takes(handlerId),
    unlessAnswered: (statement) => this.preclaiming.unlessAnswered(statement),
  };
  private readonly logger = new Logger('EventSourcing');

  constructor(
    private readonly options: ResolvedOptions,
    private readonly parts: CommitsParts,
  ) {}

  appended(runner: QueryRunner, recorded: Recorded): void {
    this.preclaiming.created(recorded.preclaimed);
    this.tracker.recorded(runner, recorded);
  }

  /** For an event that is recorded with the COMMIT, and so not known to the tracker. */
  committing(runner: QueryRunner, due: readonly number[], send: SendWithCommit): void {
    this.parts.wakeUp().tellWithCommit(runner, this.toTellOthers(due), send);
  }

  /** Of which handlers others have to be told, given one id for each delivery that has become due. */
  toTellOthers(due: readonly number[]): readonly number[] {
    const { dispatch, worker } = this.options;
    return toTellOthers(due, {
      handlerIds: new Set(this.parts.handlerIds()),
      inline: dispatch === 'inline',
      isWaiting: this.parts.worker().isWaiting,
      concurrency: worker.concurrency,
    });
  }

  private get preclaiming(): Worker['preclaiming'] {
    return this.parts.worker().preclaiming;
  }

  private committed(runner: QueryRunner, { positions, handlerIds, preclaimed }: Recorded): void {
    this.parts.committed(runner, positions);
    // Before the worker is woken, since it is not waiting then.
    const toTell = this.toTellOthers(handlerIds);
    if (this.options.dispatch === 'inline') afterRelease(runner, () => this.handleInline(positions));
    // When the saver has given its connection back: a claim on that one finds everything warm.
    else setImmediate(() => this.handle(preclaimed, handlerIds));
    this.parts.wakeUp().committed(runner, toTell);
  }

  private async handleInline(positions: readonly number[]): Promise<void> {
    try {
      await this.parts.worker().runNow(positions);
    } catch (error) {
      this.logger.error(`Inline dispatch failed: ${String(error)}`);
    }
  }

  private handle(preclaimed: readonly Preclaimed[], due: readonly number[]): void {
    if (preclaimed.length > 0) this.preclaiming.committed(preclaimed);
    if (due.length > 0) this.parts.wake();
  }
}
