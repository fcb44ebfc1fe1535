import { IsIn, IsOptional, IsString, MaxLength } from 'class-validator';
import { EventType, type EventTypeContext, OnEvent } from 'nestjs-once';
import { CheerLeader } from './cheer-leader.js';

export const CHEERS = ['clap', 'heart', 'run'] as const;

/** Somebody has pressed a button. */
@EventType('site.Cheer', { whitelist: 'forbid' })
export class Cheer {
  @IsIn(CHEERS)
  kind: (typeof CHEERS)[number];

  @IsOptional()
  @IsString()
  @MaxLength(100)
  note?: string;

  @OnEvent()
  passOn({ moduleRef }: EventTypeContext): void {
    moduleRef.get(CheerLeader, { strict: false }).passOn(this);
  }
}
