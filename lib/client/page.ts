import type { EventStorage } from './options.js';

type Listener = () => void;

interface Target {
  addEventListener(type: string, listener: Listener): void;
  removeEventListener(type: string, listener: Listener): void;
}

/** What the client reads of an answer. */
export interface PageResponse {
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  json(): Promise<unknown>;
}

export interface PageRequest {
  method: string;
  body: string;
  headers: Record<string, string>;
  credentials: 'omit' | 'same-origin' | 'include';
  keepalive?: boolean;
  signal?: AbortSignal;
}

/**
 * All that the client uses of a page, so that the package needs no DOM types, neither here nor where it is imported.
 * Every `window` is one, which `test/types/browser` proves; tests make their own.
 */
export interface Page extends Target {
  readonly location: { readonly href: string; readonly origin: string };
  readonly document: Target & { readonly visibilityState: string };
  readonly navigator: {
    readonly doNotTrack?: string | null;
    readonly globalPrivacyControl?: boolean;
    sendBeacon?(url: string, data: Blob): boolean;
  };
  readonly crypto: { getRandomValues(array: Uint32Array<ArrayBuffer>): Uint32Array };
  /** Throws where the user has denied it. */
  readonly localStorage: EventStorage;
  fetch(url: string, request: PageRequest): Promise<PageResponse>;
  setTimeout(callback: () => void, milliseconds: number): unknown;
  clearTimeout(timer: never): void;
}

/** The page that this code runs in; undefined on a server, and in a worker. Asked for at a call, never at import. */
export function currentPage(): Page | undefined {
  const scope = globalThis as unknown as Page;
  return typeof scope.document === 'object' && typeof scope.addEventListener === 'function'
    ? scope
    : undefined;
}
