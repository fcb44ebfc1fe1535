const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/** The first signal to end tells the command, which ends in order; a second one ends the process at once. */
export class Interruption {
  private readonly controller = new AbortController();
  private readonly interrupt = () => {
    this.release();
    this.controller.abort();
  };

  constructor() {
    for (const name of SIGNALS) process.once(name, this.interrupt);
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  /** Nobody reads what the command writes any more. */
  end(): void {
    this.controller.abort();
  }

  release(): void {
    for (const name of SIGNALS) process.off(name, this.interrupt);
  }
}
