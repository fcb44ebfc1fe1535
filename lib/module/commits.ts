import type { Worker } from '../handlers/worker.js';
import type { AppendedEvent } from '../store/commits/appended-event.js';
import type { CommitListener } from '../store/commits/commit-hub.js';
import { GAP_OF_MESSAGES, type WakeUp } from '../store/commits/wake-up.js';
import type { ResolvedOptions } from './options.js';

export interface OfferParts {
  worker: Pick<Worker, 'isWaiting'>;
  wakeUp: Pick<WakeUp, 'ride' | 'tell' | 'tellsOthers'>;
  /** Of this process's handlers, without those that are paused. */
  handlerIds: () => readonly number[];
  /** Something may be due. */
  wake: () => void;
}

/**
 * Of which handlers other processes have to be told, given one id for each delivery that has become due: of those that
 * this process has not, and of all when it will not start every delivery at once.
 */
export function leftToOthers(
  due: readonly number[],
  { dispatch, worker: { concurrency } }: ResolvedOptions,
  { worker, handlerIds }: Pick<OfferParts, 'worker' | 'handlerIds'>,
): readonly number[] {
  const fits = due.length <= concurrency && new Set(due).size === due.length;
  const isTaken = dispatch === 'inline' || (worker.isWaiting && fits);
  if (!isTaken) return due;
  const own = new Set(handlerIds());
  return due.filter((id) => !own.has(id));
}

/** Offers what this process has committed to its own worker, and tells others of it and of what is left to them. */
export function offering(options: ResolvedOptions, parts: OfferParts): CommitListener {
  /** What the read that proved them has told of. */
  const told = new WeakSet<AppendedEvent>();
  const leftOf = (events: readonly AppendedEvent[]) => leftToOthers(dueOf(events), options, parts);
  return {
    patience: () => {
      if (options.dispatch === 'background') return 0;
      return parts.wakeUp.tellsOthers ? GAP_OF_MESSAGES : Infinity;
    },
    ride: (events) => {
      const handlerIds = leftOf(events);
      // Groups alone can wait: no handler of this process should wait for what tells of them.
      const news = handlerIds.length > 0 && { handlerIds, groups: groupsOf(events) };
      const messages = news ? parts.wakeUp.ride(news) : undefined;
      for (const event of events) {
        if (messages) told.add(event);
        // A read before this one, which failed, told nobody.
        else told.delete(event);
      }
      return messages;
    },
    committed: (events) => {
      // Before the worker is woken, since it is not waiting then.
      const untold = events.filter((event) => !told.has(event));
      const handlerIds = leftOf(untold);
      if (dueOf(events).length > 0) parts.wake();
      parts.wakeUp.tell({ handlerIds, groups: groupsOf(untold) });
    },
  };
}

function groupsOf(events: readonly AppendedEvent[]): readonly string[] {
  return events.map(({ group }) => group);
}

function dueOf(events: readonly AppendedEvent[]): readonly number[] {
  return events.flatMap(({ due }) => due);
}
