import { IsBoolean, IsInt, IsString, Length, Max, Min } from 'class-validator';
import type { CalendarDay } from '../calendar-day.js';
import { MAX_ID } from '../id.pipe.js';
import { IfPresent } from '../if-present.js';
import { IsCalendarDay } from './is-calendar-day.js';

export class CreateChallengeDto {
  @IsString()
  @Length(1, 200)
  title: string;

  @IfPresent()
  @IsBoolean()
  isActive?: boolean;

  @IsCalendarDay()
  startDate: CalendarDay;

  /** Not before `startDate`. */
  @IsCalendarDay()
  endDate: CalendarDay;

  @IsInt()
  @Min(1)
  @Max(MAX_ID)
  userId: number;
}
