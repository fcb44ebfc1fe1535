import type { PartitionPosition, TopicPartition } from '../transport.js';
import type { MemoryTopic } from './memory-topic.js';

export interface MemoryPartition {
  readonly topic: MemoryTopic;
  readonly partition: number;
}

/** Who takes part in a group. */
export interface MemoryMember {
  readonly topics: readonly MemoryTopic[];
  has(partition: MemoryPartition): boolean;
  /** From now on these partitions are its own, and no others. */
  give(partitions: readonly MemoryPartition[]): void;
}

/** The members of one group, and what they have committed. */
export class MemoryGroup {
  private readonly members = new Set<MemoryMember>();
  private readonly offsets = new Map<string, number>();
  /** Where partitions begin of which nothing was committed. */
  private readonly starts = new Map<string, number>();

  join(member: MemoryMember): void {
    this.members.add(member);
    this.rebalance();
  }

  leave(member: MemoryMember): void {
    if (this.members.delete(member)) this.rebalance();
  }

  /** Where the group goes on; undefined: it was never there. */
  committed(place: TopicPartition): number | undefined {
    return this.offsets.get(idOf(place)) ?? this.starts.get(idOf(place));
  }

  /** What was committed, by topic and partition. */
  offset(place: TopicPartition): number | undefined {
    return this.offsets.get(idOf(place));
  }

  begin({ next, ...place }: PartitionPosition): void {
    this.starts.set(idOf(place), next);
  }

  commit({ next, ...place }: PartitionPosition): void {
    this.offsets.set(idOf(place), Math.max(next, this.offsets.get(idOf(place)) ?? 0));
  }

  /** Each topic's partitions go round among the members that are subscribed to it. Those that lose some are told first. */
  private rebalance(): void {
    const members = [...this.members];
    const shares = new Map(members.map((member) => [member, [] as MemoryPartition[]]));
    for (const topic of new Set(members.flatMap(({ topics }) => topics))) {
      const own = members.filter(({ topics }) => topics.includes(topic));
      for (const partition of topic.partitions.keys())
        shares.get(own[partition % own.length]!)!.push({ topic, partition });
    }
    for (const [member, share] of shares) member.give(share.filter((one) => member.has(one)));
    for (const [member, share] of shares) member.give(share);
  }
}

const idOf = ({ topic, partition }: TopicPartition) => `${partition} ${topic}`;
