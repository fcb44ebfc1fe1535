import type { BrowserEventLog, EventLogOptions, EventLogProblem, EventStorage } from 'nestjs-once/client';
import { pageEventLog } from '../../../lib/client/page-event-log.js';
import type { Page, PageRequest, PageResponse } from '../../../lib/client/page.js';

export interface SentEvent {
  __event__: string;
  __key__: string;
  __occurredAt__: string;
  [property: string]: unknown;
}

interface FakeResponse {
  status: number;
  body?: unknown;
  retryAfter?: string;
  /** The event log's own header. */
  verdict?: string;
}

/**
 * What a fake server says: what the event log does, `recorded` or another verdict; the status of somebody else; all of an
 * answer. An error is a network that is down.
 */
export type FakeAnswer = string | number | FakeResponse | Error;

const STATUS: Readonly<Record<string, number>> = { recorded: 202, refused: 400, later: 503, smaller: 413 };

function responseOf(answer: string | number | FakeResponse): FakeResponse {
  if (typeof answer === 'string') return { status: STATUS[answer.split(' ')[0]!]!, verdict: answer };
  return typeof answer === 'number' ? { status: answer } : answer;
}

/** A server that answers as it is told, and holds what it has taken by its key. */
export class FakeServer {
  /** The requests, each the events that it carried. */
  readonly requests: SentEvent[][] = [];
  readonly recorded = new Map<string, SentEvent>();
  answer: (events: SentEvent[]) => FakeAnswer | Promise<FakeAnswer> = () => 'recorded';

  async post(body: string): Promise<PageResponse> {
    const events = JSON.parse(body) as SentEvent[];
    this.requests.push(events);
    const answer = await this.answer(events);
    if (answer instanceof Error) throw answer;
    const { status, body: says, ...named } = responseOf(answer);
    const headers: Record<string, string | undefined> = {
      'retry-after': named.retryAfter,
      'event-log-verdict': named.verdict,
    };
    if (status === 202 || named.verdict === 'recorded')
      for (const event of events) this.recorded.set(event.__key__, event);
    return {
      status,
      headers: { get: (name) => headers[name.toLowerCase()] ?? null },
      json: async () => JSON.parse(JSON.stringify(says ?? null)) as unknown,
    };
  }

  /** The names of all that was recorded. */
  names(): string[] {
    return [...this.recorded.values()].map((event) => event.__event__);
  }
}

export class FakeStorage implements EventStorage {
  readonly entries = new Map<string, string>();
  /** Characters that it holds. */
  room = Infinity;

  get length(): number {
    return this.entries.size;
  }
  // The order is the browser's own.
  key = (index: number) => [...this.entries.keys()].reverse()[index] ?? null;
  getItem = (name: string) => this.entries.get(name) ?? null;
  removeItem = (name: string) => void this.entries.delete(name);
  setItem = (name: string, value: string) => {
    if (value.length > this.room) throw new Error('QuotaExceededError');
    this.entries.set(name, value);
  };
}

class FakeTarget {
  readonly listeners = new Map<string, Set<() => void>>();

  addEventListener = (type: string, listener: () => void) => {
    this.listeners.set(type, (this.listeners.get(type) ?? new Set()).add(listener));
  };
  removeEventListener = (type: string, listener: () => void) =>
    void this.listeners.get(type)?.delete(listener);

  emit(type: string): void {
    for (const listener of this.listeners.get(type) ?? []) listener();
  }
}

class FakeDocument extends FakeTarget {
  visibilityState = 'visible';
}

class FakeNavigator {
  doNotTrack?: string | null;
  globalPrivacyControl?: boolean;
  readonly beacons: Blob[] = [];
  /** Bytes of beacons that the browser takes on. */
  quota = 65_536;

  sendBeacon? = (_url: string, data: Blob) => {
    if (data.size > this.quota) return false;
    this.quota -= data.size;
    this.beacons.push(data);
    return true;
  };
}

/** A tab whose timers ring when the test says so. */
export class FakePage extends FakeTarget implements Page {
  readonly location = { href: 'https://shop.example/deals/17', origin: 'https://shop.example' };
  readonly document = new FakeDocument();
  readonly navigator = new FakeNavigator();
  readonly requests: (PageRequest & { url: string })[] = [];
  readonly problems: EventLogProblem[] = [];
  crypto = globalThis.crypto as Page['crypto'];
  readonly #timers = new Map<number, { ring: () => void; milliseconds: number }>();
  #lastTimer = 0;

  constructor(
    readonly server: FakeServer,
    readonly localStorage: EventStorage = new FakeStorage(),
  ) {
    super();
  }

  /** A client in this tab. */
  open(options: EventLogOptions = {}): BrowserEventLog {
    return pageEventLog(this, { onError: (problem) => this.problems.push(problem), ...options });
  }

  fetch = (url: string, request: PageRequest) => {
    this.requests.push({ url, ...request });
    return this.server.post(request.body);
  };

  setTimeout = (ring: () => void, milliseconds: number) => {
    this.#timers.set(++this.#lastTimer, { ring, milliseconds });
    return this.#lastTimer;
  };

  clearTimeout = (timer: number) => void this.#timers.delete(timer);

  /** How long the timers that are set have been set for. */
  get waits(): number[] {
    return [...this.#timers.values()].map(({ milliseconds }) => milliseconds);
  }

  /** Lets all timers ring that are set. */
  ring(): void {
    const timers = [...this.#timers.values()];
    this.#timers.clear();
    for (const { ring } of timers) ring();
  }

  show(visibilityState: 'visible' | 'hidden'): void {
    this.document.visibilityState = visibilityState;
    this.document.emit('visibilitychange');
  }

  /** What the beacons carried, each the events of one. */
  beacons(): Promise<SentEvent[][]> {
    const { beacons } = this.navigator;
    return Promise.all(beacons.map(async (blob) => JSON.parse(await blob.text()) as SentEvent[]));
  }
}
