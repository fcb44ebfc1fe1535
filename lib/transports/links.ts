import type { OwnLogger } from '../runtime/logging.js';
import { InvalidTransportUseError } from './errors.js';
import { Link } from './link.js';
import type { TransportFactory } from './transport.js';

/** The transports of one application, by their names. */
export class Links {
  private readonly byName: ReadonlyMap<string, Link>;

  constructor(transports: Readonly<Record<string, TransportFactory>>, logger: OwnLogger) {
    this.byName = new Map(
      Object.entries(transports).map(([name, factory]) => [name, new Link(name, factory, logger)]),
    );
  }

  get all(): readonly Link[] {
    return [...this.byName.values()];
  }

  /** Throws `InvalidTransportUseError`. */
  named(name: string, where: string): Link {
    const link = this.byName.get(name);
    if (link) return link;
    const known = [...this.byName.keys()].join(', ') || 'none';
    throw new InvalidTransportUseError(
      where,
      `there is no transport "${name}". Known: ${known}. Add it: forRoot({ transports: { ${name}: … } }).`,
    );
  }

  /** The only one. Throws `InvalidTransportUseError` where there are others, or none. */
  only(where: string): Link {
    const [link, ...others] = this.all;
    if (link && others.length === 0) return link;
    const names = this.all.map(({ name }) => name).join(', ');
    throw new InvalidTransportUseError(
      where,
      link
        ? `there are several transports (${names}): say which by the option transport.`
        : 'there is no transport. Add one: forRoot({ transports: { … } }).',
    );
  }

  /** Those that are required are connected to. Rejects with `BrokerAwayError`. */
  async start(): Promise<void> {
    await Promise.all(this.all.filter(({ factory }) => factory.required).map((link) => link.ready()));
  }

  get failure(): string | undefined {
    return this.all.flatMap(({ failure }) => failure ?? []).join(', ') || undefined;
  }

  giveUp(): void {
    for (const link of this.all) link.giveUp();
  }

  async close(): Promise<void> {
    await Promise.all(this.all.map((link) => link.close()));
  }
}
