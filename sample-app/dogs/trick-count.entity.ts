import { Column, Entity, PrimaryColumn } from 'typeorm';

/** How many dogs have learnt a trick: what the follower makes of the events. */
@Entity()
export class TrickCount {
  @PrimaryColumn('varchar', { length: 100 })
  trick: string;

  @Column('int', { default: 0 })
  dogs: number;
}
