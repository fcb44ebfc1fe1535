import { toTellOthers } from '../handlers/told-others.js';
import type { Worker } from '../handlers/worker.js';
import type { CommitListener } from '../store/commits/commit-hub.js';
import type { WakeUp } from '../store/wake-up.js';
import type { ResolvedOptions } from './options.js';

export interface OfferParts {
  worker: Pick<Worker, 'isWaiting'>;
  wakeUp: Pick<WakeUp, 'tell' | 'tellsOthers'>;
  /** Of this process's handlers, without those that are paused. */
  handlerIds: () => readonly number[];
  /** Something may be due. */
  wake: () => void;
}

/** Of which handlers others have to be told, given one id for each delivery that has become due. */
export function leftToOthers(
  due: readonly number[],
  { dispatch, worker }: ResolvedOptions,
  parts: Pick<OfferParts, 'worker' | 'handlerIds'>,
): readonly number[] {
  return toTellOthers(due, {
    handlerIds: new Set(parts.handlerIds()),
    inline: dispatch === 'inline',
    isWaiting: parts.worker.isWaiting,
    concurrency: worker.concurrency,
  });
}

/** Offers what this process has committed to its own worker, and tells others of it and of what is left to them. */
export function offering(options: ResolvedOptions, parts: OfferParts): CommitListener {
  return {
    awaits: () => options.dispatch === 'background' || parts.wakeUp.tellsOthers,
    committed: (events) => {
      const due = events.flatMap((event) => event.due);
      // Before the worker is woken, since it is not waiting then.
      const handlerIds = leftToOthers(due, options, parts);
      if (due.length > 0) parts.wake();
      parts.wakeUp.tell({ handlerIds, groups: events.map(({ group }) => group) });
    },
  };
}
