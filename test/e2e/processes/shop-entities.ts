import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';

@Entity('shop_order')
export class Order {
  @PrimaryGeneratedColumn() id: number;
  @Column() number: number;
}

/** What a handler did for an event. */
@Entity()
export class Receipt {
  @PrimaryGeneratedColumn() id: number;
  @Column() kind: string;
  @Column() eventKey: string;
}
