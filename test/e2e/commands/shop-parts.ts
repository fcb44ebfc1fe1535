import { Injectable } from '@nestjs/common';
import { event, EventHandler, EventType, ModelEventSource, Personal } from 'nestjs-once';
import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';

@Entity('command_order')
export class Order {
  @PrimaryGeneratedColumn() id: number;
  @Column() number: number;
}

@EventType('shop.Signup')
export class Signup {
  userId!: string;
  @Personal({ subject: (signup) => `user:${(signup as Signup).userId}` })
  email!: string;
}

@Injectable()
export class Orders {
  @ModelEventSource(Order)
  *events(order: Order) {
    yield event('order_placed', order.id, { number: order.number });
  }
}

@Injectable()
export class Mails {
  @EventHandler('order_*')
  send(): void {
    throw new Error('ECONNREFUSED: the mail server is away');
  }

  @EventHandler('*')
  note(): void {}
}
