import type { CalendarDay } from '../calendar-day.js';
import type { ChallengeData, ChallengeRecord } from '../data/challenge-data.js';

export const GROUPS = [
  'challenge_created',
  'challenge_inactivity_2d',
  'challenge_ends_2d',
  'challenge_ended',
] as const;
export type Group = (typeof GROUPS)[number];

/**
 * The rules of the events once more, in words of their own and on days counted from 1970: the demo's figures are checked
 * against these, which share no code with the application.
 */
const RULES: Record<Group, (challenge: ChallengeRecord, today: number) => boolean> = {
  challenge_created: () => true,
  challenge_inactivity_2d: ({ startDate, donations }, today) =>
    today - dayNumber(startDate) >= 3 && donations.filter(({ date }) => dayNumber(date) <= today).length < 2,
  challenge_ends_2d: ({ endDate }, today) => today >= dayNumber(endDate) - 2,
  challenge_ended: ({ endDate }, today) => today > dayNumber(endDate),
};

/** How many events of each group those days bring about, straight from the data file. */
export function expectedEvents({ challenges }: ChallengeData, days: CalendarDay[]): Record<Group, number> {
  const active = challenges.filter(({ isActive }) => isActive);
  const count = (group: Group) =>
    active.filter((challenge) => days.some((day) => RULES[group](challenge, dayNumber(day)))).length;
  return Object.fromEntries(GROUPS.map((group) => [group, count(group)])) as Record<Group, number>;
}

function dayNumber(day: CalendarDay): number {
  return new Date(`${day}T00:00:00Z`).getTime() / 86_400_000;
}
