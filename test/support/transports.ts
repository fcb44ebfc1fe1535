import { Injectable, type Type } from '@nestjs/common';
import {
  EventConsumer,
  type EventConsumerOptions,
  type PartitionPosition,
  type TransportFactory,
} from 'nestjs-once';

/** A consumer of topic `payments` in group `accounts` of the transport `memory`, unless the test says otherwise. */
export function testConsumer(options: Partial<EventConsumerOptions> = {}): Type {
  @Injectable()
  @EventConsumer({
    transport: 'memory',
    topics: ['payments'],
    group: 'accounts',
    name: 'Accounts',
    ...options,
  })
  class TestConsumer {}
  return TestConsumer;
}

/** The same broker, whose commits are the test's. */
export function committing(
  broker: TransportFactory,
  commit: (positions: readonly PartitionPosition[], really: () => Promise<void>) => Promise<void>,
): TransportFactory {
  const { kind, capabilities } = broker;
  return {
    ...{ kind, capabilities },
    open: () => {
      const transport = broker.open();
      return {
        connect: () => transport.connect(),
        send: (messages) => transport.send(messages),
        close: () => transport.close(),
        subscribe: async (options, receiver) => {
          const made = await transport.subscribe(options, receiver);
          return {
            pause: (partitions) => made.pause(partitions),
            resume: (partitions) => made.resume(partitions),
            places: () => made.places(),
            close: () => made.close(),
            commit: (positions) => commit(positions, () => made.commit(positions)),
          };
        },
      };
    },
  };
}
