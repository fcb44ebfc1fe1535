import type { AssignedPartition, PartitionPosition, TopicPartition } from './transport.js';

/** A partition, as a key of a map. */
export const idOf = ({ topic, partition }: TopicPartition): string => `${partition} ${topic}`;

/** One mark in each partition, and what is called when all of them are passed. */
class Mark {
  private readonly open = new Map<string, number>();
  private isOver = false;

  constructor(private readonly passed: () => void) {}

  set(partition: TopicPartition, offset: number): void {
    this.open.set(idOf(partition), offset);
  }

  reached({ next, ...partition }: PartitionPosition): void {
    const offset = this.open.get(idOf(partition));
    if (offset !== undefined && next >= offset) this.open.delete(idOf(partition));
  }

  /** Another member of the group has it now. */
  forget(partition: TopicPartition): void {
    this.open.delete(idOf(partition));
  }

  look(): void {
    if (this.isOver || this.open.size > 0) return;
    this.isOver = true;
    this.passed();
  }
}

/**
 * Tells once when a consumer has come to where its group was when it started, and once when it has come to where the topics ended then.
 * Partitions count that it was given first, for as long as it has them.
 */
export class Checkpoint {
  private readonly recovered: Mark;
  private readonly caughtUp: Mark;
  private isSet = false;

  constructor(recovered: () => void, caughtUp: () => void) {
    this.recovered = new Mark(recovered);
    this.caughtUp = new Mark(caughtUp);
  }

  assigned(partitions: readonly AssignedPartition[]): void {
    if (this.isSet) return;
    this.isSet = true;
    for (const { next, committed = next, end, ...partition } of partitions) {
      if (next < committed) this.recovered.set(partition, committed);
      if (next < end) this.caughtUp.set(partition, end);
    }
    this.look();
  }

  revoked(partitions: readonly TopicPartition[]): void {
    for (const partition of partitions) {
      this.recovered.forget(partition);
      this.caughtUp.forget(partition);
    }
    this.look();
  }

  decided(position: PartitionPosition): void {
    this.recovered.reached(position);
    this.caughtUp.reached(position);
    this.look();
  }

  private look(): void {
    if (!this.isSet) return;
    this.recovered.look();
    this.caughtUp.look();
  }
}
