import { Injectable, type Type } from '@nestjs/common';
import {
  EventConsumer,
  type EventConsumerOptions,
  type OutgoingMessage,
  type PartitionPosition,
  type SendOutcome,
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

/** The same broker, where what is sent is sent as the test does. */
export function sending(
  broker: TransportFactory,
  send: (
    messages: readonly OutgoingMessage[],
    really: (messages: readonly OutgoingMessage[]) => Promise<readonly SendOutcome[]>,
  ) => Promise<readonly SendOutcome[]>,
): TransportFactory {
  const { kind, capabilities } = broker;
  return {
    ...{ kind, capabilities },
    open: () => {
      const transport = broker.open();
      return {
        connect: () => transport.connect(),
        subscribe: (options, receiver) => transport.subscribe(options, receiver),
        close: () => transport.close(),
        send: (messages) => send(messages, (given) => transport.send(given)),
      };
    },
  };
}
