import type { ConsumerStatus } from './consumer.js';
import type { ConsumerSet } from './consumer-set.js';
import type { Links } from './links.js';
import type {
  Quarantine,
  QuarantinedEntry,
  QuarantineFilter,
  QuarantineListOptions,
  QuarantineRetry,
} from './quarantine.js';
import type { TransportKind } from './transport.js';

/** How one transport of this process is doing. */
export interface TransportStatus {
  /** As in the option `transports`. */
  readonly name: string;
  readonly kind: TransportKind;
  /** Why it cannot be used now; absent where it can, or was not needed yet. */
  readonly failure?: string;
}

/** What this process has of brokers. */
export interface TransportsStatus {
  readonly transports: readonly TransportStatus[];
  readonly consumers: readonly ConsumerStatus[];
}

/** The transports of this process, and what consumes from them. Producers are followers: `Followers` tells of them. */
export class Transports {
  constructor(
    private readonly links: Links,
    private readonly consumers: ConsumerSet,
    private readonly quarantine: Quarantine,
  ) {}

  /**
   * The messages that could not be read and were not read since, in the order in which they were recorded. Throws `UnknownOptionError`
   * or `InvalidOptionError`.
   */
  quarantined(options?: QuarantineListOptions): Promise<QuarantinedEntry[]> {
    return this.quarantine.list(options);
  }

  /**
   * Reads quarantined messages again, such as after a deployment that can: each becomes a new event, whose cause is the quarantined
   * one. Of each message there is one such event, however often this is called. Throws `UnknownOptionError` or `InvalidOptionError`.
   */
  retryQuarantined(filter: QuarantineFilter | { all: true }): Promise<QuarantineRetry> {
    return this.quarantine.retry(filter);
  }

  /** Of this process alone. Asks the brokers where its consumers are. */
  async status(): Promise<TransportsStatus> {
    const transports = this.links.all.map(({ name, factory: { kind }, failure }) => ({
      ...{ name, kind },
      ...(failure === undefined ? {} : { failure }),
    }));
    return { transports, consumers: await Promise.all(this.consumers.all.map((one) => one.status())) };
  }
}
