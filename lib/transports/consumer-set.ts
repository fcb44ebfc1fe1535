import { InvalidTransportUseError } from './errors.js';
import { Consumer, type ConsumerParts } from './consumer.js';
import { consumerDefinition } from './consumer-definition.js';
import type { EventConsumerOptions } from './event-consumer.decorator.js';
import type { Links } from './links.js';

/** The consumers of this process, for one DataSource. */
export class ConsumerSet {
  private readonly byName = new Map<string, Consumer>();

  constructor(
    private readonly links: Links,
    private readonly parts: ConsumerParts,
  ) {}

  get all(): readonly Consumer[] {
    return [...this.byName.values()];
  }

  /** Adds a provider with `@EventConsumer`. Throws what is wrong with it. */
  add(instance: object, options: EventConsumerOptions): void {
    const definition = consumerDefinition(instance, options, this.links);
    if (this.byName.has(definition.name))
      throw new InvalidTransportUseError(
        `@EventConsumer of ${instance.constructor.name}`,
        `its name "${definition.name}" is that of another consumer already: give one of them another by the option name.`,
      );
    this.byName.set(definition.name, new Consumer(definition, this.parts));
  }

  get failure(): string | undefined {
    return this.all.flatMap(({ failure }) => failure ?? []).join(', ') || undefined;
  }

  start(): void {
    for (const consumer of this.all) consumer.start();
  }

  async stop(): Promise<void> {
    await Promise.all(this.all.map((consumer) => consumer.stop()));
  }
}
