import { Column, Entity, PrimaryColumn } from 'typeorm';

@Entity()
export class Account {
  @PrimaryColumn()
  id: string;

  @Column({ default: 0 })
  balance: number;
}
