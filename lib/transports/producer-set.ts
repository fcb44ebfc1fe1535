import type { EventProducerOptions } from './event-producer.decorator.js';
import type { Links } from './links.js';
import { Producer, type ProducerParts } from './producer.js';
import { emitterDefinition, type ProducerDefinition, producerDefinition } from './producer-definition.js';

/** The producers of this process, for one DataSource, and what sends events that have a destination. */
export class ProducerSet {
  private readonly byTopic = new Map<string, ProducerDefinition>();

  constructor(
    private readonly links: Links,
    private readonly parts: ProducerParts,
    /** Makes a follower of it. Throws where there is one of its name. */
    private readonly follow: (producer: Producer) => void,
    /** Told of what was sent to its destination, and of nothing that producers send. */
    sending: Pick<ProducerParts, 'sent' | 'refused'>,
  ) {
    for (const link of links.all)
      this.follow(
        new Producer(
          emitterDefinition(link, (topic) => this.of(link.name, topic)),
          { ...parts, ...sending },
        ),
      );
  }

  /** Adds a provider with `@EventProducer`. Throws what is wrong with it. */
  add(instance: object, options: EventProducerOptions): void {
    const definition = producerDefinition(instance, options, this.links);
    this.follow(new Producer(definition, this.parts));
    const place = placeOf(definition.link.name, definition.topic);
    if (!this.byTopic.has(place)) this.byTopic.set(place, definition);
  }

  /** The first that sends to the topic: what is sent there explicitly is written as it writes. */
  of(transport: string, topic: string): ProducerDefinition | undefined {
    return this.byTopic.get(placeOf(transport, topic));
  }
}

const placeOf = (transport: string, topic: string) => `${transport} ${topic}`;
