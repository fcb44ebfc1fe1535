import { type EventLogProblem, warn } from './problem.js';

/** The part of the Web Storage API that the queue uses: `sessionStorage` is one. */
export interface EventStorage {
  readonly length: number;
  key(index: number): string | null;
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

/** How a client sends. */
export interface EventLogOptions {
  /** Where events are posted. Default `/event/log` on the page's origin. */
  url?: string;
  /** Events in one request at the most; as many waiting are sent at once. Default 50. */
  batchSize?: number;
  /** Milliseconds that an event waits for others to be sent with. Default 2000. */
  flushInterval?: number;
  /** Events that wait at the most; when they do, further ones are refused (`QUEUE_FULL`). Default 1000. */
  maxQueue?: number;
  /** UTF-8 bytes that wait at the most. Default 1,000,000. */
  maxBytes?: number;
  /** Where events outlive the page. Default `localStorage`; `false`: only in memory. */
  storage?: EventStorage | false;
  /** Record nothing for users who ask not to be tracked (Do Not Track, Global Privacy Control). Default false. */
  respectDoNotTrack?: boolean;
  /** Further headers of each request, such as a CSRF token; a function is asked each time. */
  headers?: Record<string, string> | (() => Record<string, string>);
  /** Whether requests carry cookies. Default `same-origin`, as with `fetch`. */
  credentials?: 'omit' | 'same-origin' | 'include';
  /** Told of everything that is dropped or could not be sent. Default: `console.warn` for what is dropped. */
  onError?: (problem: EventLogProblem) => void;
}

/** Options with their defaults. */
export type Settings = Required<Omit<EventLogOptions, 'storage'>> & Pick<EventLogOptions, 'storage'>;

export function settingsOf({
  url = '/event/log',
  batchSize = 50,
  flushInterval = 2000,
  maxQueue = 1000,
  maxBytes = 1_000_000,
  storage,
  respectDoNotTrack = false,
  headers = {},
  credentials = 'same-origin',
  onError = warn,
}: EventLogOptions): Settings {
  return {
    url,
    batchSize,
    flushInterval,
    maxQueue,
    maxBytes,
    storage,
    respectDoNotTrack,
    headers,
    credentials,
    onError,
  };
}
