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

/** One row for each time that a transactional handler's transaction committed: duplicates are possible, to be counted. */
@Entity('chaos_effect')
@Index(['handler', 'eventKey'])
export class Effect {
  /** In the order of insertion, which for one order key is that of the commits. */
  @PrimaryGeneratedColumn() id: number;
  @Column({ length: 20 }) handler: string;
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

export const ENTITIES = [Deed, Entry, Effect, Account, Probe, Lock];
