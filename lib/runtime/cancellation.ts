/** Who is told of the end of a run. */
export interface AbortListener {
  aborted(reason: Error): void;
}

const NONE: readonly AbortListener[] = [];

/**
 * Ends a run from outside, with an error as the reason. The AbortSignal that handlers get is made when one is asked
 * for: making it costs more than many a handler takes.
 */
export class Cancellation {
  private controller?: AbortController;
  private listeners: readonly AbortListener[] = NONE;

  /** With the reason of a run that is over before it begins. */
  constructor(private cause?: Error) {}

  get aborted(): boolean {
    return this.cause !== undefined;
  }

  get reason(): Error | undefined {
    return this.cause;
  }

  get signal(): AbortSignal {
    if (!this.controller) {
      this.controller = new AbortController();
      if (this.cause) this.controller.abort(this.cause);
    }
    return this.controller.signal;
  }

  /** The first reason counts. */
  abort(reason: Error): void {
    if (this.cause) return;
    this.cause = reason;
    this.controller?.abort(reason);
    for (const listener of this.listeners) listener.aborted(reason);
  }

  throwIfAborted(): void {
    if (this.cause) throw this.cause;
  }

  /** Tells the listener the reason, at once when there is one already. */
  onAbort(listener: AbortListener): void {
    if (this.cause) listener.aborted(this.cause);
    else this.listeners = [...this.listeners, listener];
  }

  offAbort(listener: AbortListener): void {
    this.listeners = this.listeners.filter((other) => other !== listener);
  }
}
