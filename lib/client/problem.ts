/** What went wrong, for `onError`; nothing of it is ever thrown. */
export interface EventLogProblem {
  /**
   * - `NOT_ENCODABLE`: the data is no object, or JSON cannot hold it as it is (a cycle, a BigInt, a Map, an Error); dropped.
   * - `QUEUE_FULL`: too many events wait already; this one was dropped.
   * - `REJECTED`: the server will never take it (invalid, unknown, too large, its key taken); dropped.
   * - `NOT_SENT`: the server was not reached or is unable for now; nothing is lost, it is tried again.
   */
  code: 'NOT_ENCODABLE' | 'QUEUE_FULL' | 'REJECTED' | 'NOT_SENT';
  message: string;
  /** The event that was dropped, as JSON; only its name where it could not be encoded. */
  event?: string;
  /** The server's answer; 0 where there was none. */
  status?: number;
  /** What was thrown, or the server's word on the event. */
  cause?: unknown;
}

export type Tell = (problem: EventLogProblem) => void;

/** What is dropped is the page's author's business; that a server is away is everyday life. */
export function warn({ code, message, event, cause }: EventLogProblem): void {
  if (code !== 'NOT_SENT') console.warn(message, event, cause);
}
