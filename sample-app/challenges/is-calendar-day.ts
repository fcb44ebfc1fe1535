import { applyDecorators } from '@nestjs/common';
import { IsISO8601, Matches } from 'class-validator';

/** A day of the calendar that exists, as `YYYY-MM-DD`. */
export function IsCalendarDay(): PropertyDecorator {
  return applyDecorators(
    Matches(/^\d{4}-\d{2}-\d{2}$/, { message: '$property must be a day such as 2026-03-31' }),
    IsISO8601({ strict: true }),
  );
}
