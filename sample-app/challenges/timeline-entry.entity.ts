import { Column, Entity, Index, PrimaryGeneratedColumn } from 'typeorm';

/**
 * What happened to a challenge, one row per event.
 *
 * The event key is deliberately not unique here: that there are no two rows of one key is the work of the transactional
 * handler that writes them.
 */
@Entity()
export class TimelineEntry {
  @PrimaryGeneratedColumn()
  id: number;

  @Index()
  @Column()
  challengeId: number;

  @Column({ length: 100 })
  group: string;

  @Column({ length: 190 })
  eventKey: string;

  /** ISO 8601, UTC. */
  @Column({ length: 24 })
  occurredAt: string;
}
