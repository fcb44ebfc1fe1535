const DAY = 86_400_000;

/** A day of the calendar without a time, as TypeORM gives a `date` column: `YYYY-MM-DD`. Such strings sort by time. */
export type CalendarDay = string;

/** The day that `time` falls on, in UTC. */
export function dayOf(time: Date): CalendarDay {
  return time.toISOString().slice(0, 10);
}

/** Whole days from `from` to `to`: negative when `to` is the earlier one. */
export function daysBetween(from: CalendarDay, to: CalendarDay): number {
  return Math.round((Date.parse(to) - Date.parse(from)) / DAY);
}
