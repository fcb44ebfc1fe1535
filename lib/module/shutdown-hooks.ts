/** Milliseconds after the start: an application may still be about to enable its hooks. */
const PATIENCE = 5000;

/** With what schedulers of processes ask for an end. */
const SIGNAL = 'SIGTERM';

/** Looks once, some time after the start, whether the application is told of the signal to stop. */
export class ShutdownHooks {
  private timer?: NodeJS.Timeout;

  constructor(
    private readonly forgotten: (signal: string) => void,
    private readonly patience = PATIENCE,
  ) {}

  watch(): void {
    this.timer = setTimeout(() => this.look(), this.patience);
    this.timer.unref();
  }

  stop(): void {
    clearTimeout(this.timer);
  }

  /** Nest keeps to itself whether its hooks are enabled; that somebody listens to a signal, Node tells. */
  private look(): void {
    if (process.listenerCount(SIGNAL) === 0) this.forgotten(SIGNAL);
  }
}
