import type { Attributes } from '@opentelemetry/api';

/** Names of the semantic conventions for messaging, which the api package does not have. */
export function operation(name: string, type: 'send' | 'receive' | 'process'): Attributes {
  return {
    'messaging.system': 'nestjs-once',
    'messaging.operation.name': name,
    'messaging.operation.type': type,
  };
}

export function destinationOf(group: string): Attributes {
  return { 'messaging.destination.name': group };
}

export function consumerOf(handler: string): Attributes {
  return { 'messaging.consumer.group.name': handler };
}
