import type { AbortListener, Cancellation } from '../../runtime/cancellation.js';
import type { Outcome } from './settlement.js';

const OK: Outcome = { ok: true };

/**
 * Work that is waited for until it ends or is cancelled, whichever is first. It calls back once, and has no promise of its
 * own: one costs about as much as a quick handler.
 */
export class Abortable implements AbortListener {
  protected isOver = false;

  constructor(
    protected readonly cancellation: Cancellation,
    private readonly ended: (outcome: Outcome) => void,
    /** Whether it may be given up now. Default: it may. */
    private readonly mayGiveUp?: () => boolean,
  ) {}

  /** Calls back later, whatever happens meanwhile. */
  begin(work: () => unknown): void {
    this.cancellation.onAbort(this);
    promiseOf(work).then(
      () => this.end() && this.ended(OK),
      (error: unknown) => this.end() && this.ended({ ok: false, error }),
    );
  }

  aborted(reason: Error): void {
    const mayEnd = this.mayGiveUp?.() ?? true;
    if (mayEnd && this.end()) queueMicrotask(() => this.ended({ ok: false, error: reason }));
  }

  /** False when it had ended before. */
  protected end(): boolean {
    if (this.isOver) return false;
    this.isOver = true;
    this.cancellation.offAbort(this);
    return true;
  }
}

/** The work's own promise where it has one. */
function promiseOf(work: () => unknown): Promise<unknown> {
  try {
    return Promise.resolve(work());
  } catch (error) {
    return Promise.reject(thrown(error));
  }
}

/** A promise of what is called back with. */
export function outcomeOf(begin: (ended: (outcome: Outcome) => void) => void): Promise<void> {
  return new Promise((resolve, reject) =>
    begin((outcome) => {
      if (outcome.ok) resolve();
      else reject(thrown(outcome.error));
    }),
  );
}

/** Handlers may throw anything, and it is passed on as it is. */
function thrown(error: unknown): Error {
  return error as Error;
}
