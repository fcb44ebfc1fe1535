import { IsBoolean, IsString, Length } from 'class-validator';
import type { CalendarDay } from '../calendar-day.js';
import { IfPresent } from '../if-present.js';
import { IsCalendarDay } from './is-calendar-day.js';

/** Properties that are absent stay as they are; none may be null. */
export class UpdateChallengeDto {
  @IfPresent()
  @IsString()
  @Length(1, 200)
  title?: string;

  @IfPresent()
  @IsBoolean()
  isActive?: boolean;

  @IfPresent()
  @IsCalendarDay()
  startDate?: CalendarDay;

  /** Not before `startDate`. */
  @IfPresent()
  @IsCalendarDay()
  endDate?: CalendarDay;
}
