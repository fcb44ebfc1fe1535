import { Column, Entity, Index, PrimaryColumn, PrimaryGeneratedColumn } from 'typeorm';

/** A committed row is the ground truth: its event must have been recorded, by the model event source. */
@Entity('chaos_deed')
export class Deed {
  @PrimaryColumn({ length: 60 }) id: string;
  /** The event's group. */
  @Column({ length: 20 }) kind: string;
  @Column({ type: 'varchar', length: 60, nullable: true }) orderKey: string | null;
}

/** The same for what is recorded by `EventLog.append` in the transaction that inserts the row. */
@Entity('chaos_entry')
export class Entry {
  @PrimaryColumn({ length: 60 }) id: string;
}

/** The same for an event of a tally that is saved in the transaction which inserts the row. */
@Entity('chaos_stroke')
export class Stroke {
  /** The mark. */
  @PrimaryColumn({ length: 60 }) id: string;
  @Column({ length: 20 }) tally: string;
}

/** One row for each time that a transactional handler's transaction committed: duplicates are possible, to be counted. */
@Entity('chaos_effect')
@Index(['handler', 'eventKey'])
export class Effect {
  /** In the order of insertion, which for one order key is that of the commits. */
  @PrimaryGeneratedColumn() id: number;
  @Column({ length: 20 }) handler: string;
  @Column({ name: 'event_key', length: 120 }) eventKey: string;
}

/** One row for each event that a follower has handled. */
@Entity('chaos_trace')
@Index(['follower', 'eventKey'])
export class Trace {
  /** In the order of insertion: one transaction of a follower begins when the one before it has committed. */
  @PrimaryGeneratedColumn() id: number;
  @Column({ length: 20 }) follower: string;
  @Column({ name: 'event_key', length: 120 }) eventKey: string;
}

/** Rows that transactional handlers update in opposite orders. */
@Entity('chaos_account')
export class Account {
  @PrimaryColumn() id: number;
  @Column() balance: number;
}

/** Written by the conductor, to know whether and how fast the database answers. */
@Entity('chaos_probe')
export class Probe {
  @PrimaryColumn() id: number;
  @Column() count: number;
}

/** Rows that producers lock in opposite orders. */
@Entity('chaos_lock')
export class Lock {
  @PrimaryColumn() id: number;
}

export const ENTITIES = [Deed, Entry, Stroke, Effect, Trace, Account, Probe, Lock];
