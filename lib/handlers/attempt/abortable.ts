// The real one, also where a test runner has put another in its place: what waits for it would wait for ever.
import { setImmediate } from 'node:timers';
import type { AbortListener, Cancellation } from '../../runtime/cancellation.js';
import { HandlerTimeoutError } from '../errors.js';
import type { Handler } from '../handler-set.js';
import type { Outcome } from './settlement.js';

export const OK: Outcome = { ok: true };

/** Begun in this turn of the loop. */
const begun: Timed[] = [];

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

/**
 * Work that is aborted when it takes longer than its handler's timeout, counted from the end of the turn of the loop in
 * which it began: what ends within that turn, as quick handlers do, needs no timer.
 */
export class Timed extends Abortable {
  private timer?: NodeJS.Timeout;

  constructor(
    private readonly handler: Handler,
    cancellation: Cancellation,
    ended: (outcome: Outcome) => void,
  ) {
    super(cancellation, ended);
  }

  override begin(work: () => unknown): void {
    super.begin(work);
    if (begun.push(this) === 1) setImmediate(limitAll);
  }

  limit(): void {
    if (this.isOver) return;
    const { name, timeout } = this.handler;
    this.timer = setTimeout(() => this.cancellation.abort(new HandlerTimeoutError(name, timeout)), timeout);
  }

  protected override end(): boolean {
    clearTimeout(this.timer);
    return super.end();
  }
}

function limitAll(): void {
  for (const work of begun.splice(0)) work.limit();
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
