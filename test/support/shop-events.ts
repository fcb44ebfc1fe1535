import { Type } from 'class-transformer';
import { IsDate, IsInt, IsOptional, IsString, IsUUID } from 'class-validator';
import { EventType } from 'nestjs-once';

export const DEAL = '0d7c2a52-8f4e-4c0a-9d63-0f4e0b1f7a11';

@EventType('shop.DealClick')
export class DealClick {
  @IsUUID()
  dealId!: string;

  @IsOptional()
  @IsInt()
  @Type(() => Number)
  position?: number;
}

@EventType('shop.Viewed')
export class Viewed {
  @IsString()
  page!: string;

  @IsDate()
  @Type(() => Date)
  at: Date = new Date();
}

/** Its own check knows nothing of what it may be given. */
@EventType('shop.Careless', { whitelist: false })
export class Careless {
  note?: string;

  validate(): void {
    this.note!.trim();
  }
}

/** Takes whatever it is given. */
@EventType('shop.Anything', { whitelist: false })
export class Anything {}

/** Not to be posted. */
@EventType('intern.Paid')
export class Paid {}

export const SHOP_EVENTS = [DealClick, Viewed, Careless, Anything, Paid];
