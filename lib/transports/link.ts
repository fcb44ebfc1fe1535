import { errorLine } from '../core/error-text.js';
import { Connectivity } from '../runtime/connectivity.js';
import type { OwnLogger } from '../runtime/logging.js';
import { BrokerAwayError } from './errors.js';
import type { Transport, TransportFactory } from './transport.js';

/** One broker, for all consumers and producers of a process: whether it is there is found out, and told of, once. */
export class Link {
  readonly connectivity: Connectivity;
  private opened?: Transport;
  private connected = false;
  private readonly listeners: (() => void)[] = [];

  constructor(
    readonly name: string,
    readonly factory: TransportFactory,
    logger: OwnLogger,
    random: () => number = Math.random,
  ) {
    this.connectivity = new Connectivity({
      probe: () => this.transport.connect(),
      lost: (reason) =>
        logger.warn(
          `Transport ${name}: the broker cannot be reached (${errorLine(reason)}): waiting for it.`,
        ),
      returned: (after) => {
        logger.log(`Transport ${name}: the broker is back after ${Math.round(after / 1000)} s.`);
        for (const tell of this.listeners) tell();
      },
      random,
    });
  }

  /** Opened when it is first asked for. */
  get transport(): Transport {
    return (this.opened ??= this.factory.open());
  }

  get isLost(): boolean {
    return this.connectivity.isLost;
  }

  /** Why it cannot be used now. */
  get failure(): string | undefined {
    return this.isLost ? `the broker of transport ${this.name} cannot be reached` : undefined;
  }

  onReturn(tell: () => void): void {
    this.listeners.push(tell);
  }

  /** Connects where that was not done yet. Rejects with `BrokerAwayError` where the broker cannot be reached. */
  async ready(): Promise<Transport> {
    if (this.isLost) throw new BrokerAwayError(this.name);
    if (this.connected) return this.transport;
    try {
      await this.transport.connect();
      this.connected = true;
      return this.transport;
    } catch (cause) {
      await this.connectivity.explainsFailure();
      throw new BrokerAwayError(this.name, { cause });
    }
  }

  /** Nobody waits for the broker any more. */
  giveUp(): void {
    this.connectivity.stop();
  }

  async close(): Promise<void> {
    await this.opened?.close();
  }
}
