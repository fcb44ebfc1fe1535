import type { Settings } from './options.js';
import type { Page, PageRequest, PageResponse } from './page.js';
import type { QueuedEvent } from './queued-event.js';

const JSON_TYPE = 'application/json';
/** Milliseconds after which an answer is no longer waited for. */
const TIMEOUT = 30_000;

/** What the log says of one event. */
export interface EventError {
  /** Which event of the request it is about. */
  index: number;
  code?: string;
  event?: string;
}

export interface Answer {
  /** 0: none. */
  status: number;
  /** What the event log says in a header of its own; null where it says nothing. */
  verdict: string | null;
  /** Whoever wrote it; empty where it is no JSON. */
  body: Record<string, unknown>;
  /** Milliseconds that the server asks to wait for. */
  retryAfter: number;
  /** Why there is no answer. */
  cause?: unknown;
}

/** Posts a batch. Never throws. */
export async function post(page: Page, settings: Settings, batch: readonly QueuedEvent[]): Promise<Answer> {
  try {
    const request = { ...requestOf(settings, batch), signal: AbortSignal.timeout?.(TIMEOUT) };
    const response = await page.fetch(settings.url, request);
    return {
      status: response.status,
      verdict: response.headers.get('event-log-verdict'),
      body: await bodyOf(response),
      retryAfter: retryAfterOf(response.headers.get('retry-after')),
    };
  } catch (cause) {
    return { status: 0, verdict: null, body: {}, retryAfter: 0, cause };
  }
}

/**
 * Sends a batch from a page that is being left; whether the browser took it on. A beacon can neither carry headers nor
 * leave cookies at home for another origin: there, a request that outlives its page.
 */
export function postWhenLeaving(page: Page, settings: Settings, batch: readonly QueuedEvent[]): boolean {
  try {
    const request = requestOf(settings, batch);
    if (page.navigator.sendBeacon && suitsBeacon(page, settings.url, request))
      return page.navigator.sendBeacon(settings.url, new Blob([request.body], { type: JSON_TYPE }));
    void page.fetch(settings.url, { ...request, keepalive: true }).catch(() => undefined);
    return true;
  } catch {
    return false;
  }
}

function suitsBeacon({ location }: Page, url: string, { headers, credentials }: PageRequest): boolean {
  const sameOrigin = url.startsWith(`${location.origin}/`);
  return sameOrigin && credentials !== 'omit' && Object.keys(headers).length === 1;
}

function requestOf({ headers, credentials }: Settings, batch: readonly QueuedEvent[]): PageRequest {
  return {
    method: 'POST',
    body: `[${batch.map(({ json }) => json).join()}]`,
    headers: { 'content-type': JSON_TYPE, ...(typeof headers === 'function' ? headers() : headers) },
    credentials,
  };
}

async function bodyOf(response: PageResponse): Promise<Record<string, unknown>> {
  try {
    return Object(await response.json()) as Record<string, unknown>;
  } catch {
    return {};
  }
}

/** Seconds, or a date. At the most a day: timers hold no more than 24. */
function retryAfterOf(header: string | null): number {
  const seconds = Number(header);
  const milliseconds = seconds >= 0 ? seconds * 1000 : Date.parse(header!) - Date.now();
  return Math.min(milliseconds || 0, 86_400_000);
}
