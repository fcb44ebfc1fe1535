import { IsInt, IsString } from 'class-validator';
import {
  type CommandContext,
  CommandHandler,
  type CommandResult,
  CommandType,
  EventType,
  fail,
  ok,
} from 'nestjs-once';
import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';

/** What a command's handler writes. */
@Entity('note')
export class Note {
  @PrimaryGeneratedColumn() id!: number;
  @Column({ type: 'varchar' }) text!: string;
}

@EventType('payment.PaidInFull')
export class PaidInFull {
  @IsInt() amount!: number;
}

@CommandType('payment.Pay', { key: ({ order }: Pay) => `pay ${order}` })
export class Pay {
  /** Called when it has written, before its transaction is committed. */
  static written: (amount: number, context: CommandContext) => unknown = () => undefined;

  @IsString() order: string;
  @IsInt() amount: number;

  constructor(order: string, amount: number) {
    this.order = order;
    this.amount = amount;
  }

  @CommandHandler({ retry: { maxRetries: 1, interval: 1 }, timeout: '30s' })
  async execute(context: CommandContext): Promise<CommandResult> {
    await context.manager.getRepository(Note).save({ text: this.order });
    await context.log(PaidInFull, { amount: this.amount });
    await Pay.written(this.amount, context);
    return this.amount < 0 ? fail('negative', 'Nobody pays less than nothing') : ok({ paid: this.amount });
  }
}
