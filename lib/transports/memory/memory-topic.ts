import type { OutgoingMessage, ReceivedMessage } from '../transport.js';

/** What was sent to one topic, for as long as the broker is there. */
export class MemoryTopic {
  readonly partitions: readonly ReceivedMessage[][];
  private turn = 0;

  constructor(
    readonly name: string,
    partitions: number,
  ) {
    this.partitions = Array.from({ length: partitions }, () => []);
  }

  partitionOf(key: Uint8Array | undefined): number {
    return key ? hash(key) % this.partitions.length : this.turn++ % this.partitions.length;
  }

  append(
    partition: number,
    message: Pick<OutgoingMessage, 'headers'> & Pick<ReceivedMessage, 'key' | 'value'> & { timestamp: Date },
  ): ReceivedMessage {
    const { key, value, headers, timestamp } = message;
    const messages = this.partitions[partition]!;
    const offset = messages.length;
    const kept = { topic: this.name, partition, offset, value, headers: { ...headers }, timestamp };
    const received = key ? { ...kept, key } : kept;
    messages.push(received);
    return received;
  }

  end(partition: number): number {
    return this.partitions[partition]!.length;
  }

  /** The first offset whose message is not before that time; the end where there is none. */
  offsetAt(partition: number, time: Date): number {
    const index = this.partitions[partition]!.findIndex(({ timestamp }) => timestamp! >= time);
    return index < 0 ? this.end(partition) : index;
  }
}

/** FNV-1a. */
function hash(bytes: Uint8Array): number {
  let value = 0x811c9dc5;
  for (const byte of bytes) value = Math.imul(value ^ byte, 0x01000193) >>> 0;
  return value;
}
