/** What this process does about its own deliveries. */
export interface OwnWork {
  /** The handlers that it has. */
  handlerIds: ReadonlySet<number>;
  /** It runs them before it returns to whoever recorded the event. */
  inline: boolean;
  /** Its worker has nothing to do. */
  isWaiting: boolean;
  /** Handlers that it runs at once. */
  concurrency: number;
}

/**
 * Of which handlers other processes have to be told that something is due, given one id for each delivery that was just
 * created: of those that this process has not, and of all when it will not start every delivery at once.
 */
export function toTellOthers(due: readonly number[], own: OwnWork): readonly number[] {
  const fits = due.length <= own.concurrency && new Set(due).size === due.length;
  const isTaken = own.inline || (own.isWaiting && fits);
  return isTaken ? due.filter((id) => !own.handlerIds.has(id)) : due;
}
