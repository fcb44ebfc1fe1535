import { Column, Entity, PrimaryColumn } from 'typeorm';

/** How many events of a name were handled. */
@Entity()
export class Tally {
  @PrimaryColumn('varchar', { length: 200 })
  name: string;

  @Column('int', { default: 0 })
  total: number;
}
