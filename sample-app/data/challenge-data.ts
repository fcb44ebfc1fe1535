import { readFile } from 'node:fs/promises';
import type { CalendarDay } from '../calendar-day.js';

/** The content of `challenges.json`; users are referred to by their mail address. */
export interface ChallengeData {
  /** The first day of the demo week: the dates are spread around it. */
  start: CalendarDay;
  users: { name: string; email: string }[];
  challenges: ChallengeRecord[];
}

export interface ChallengeRecord {
  title: string;
  isActive: boolean;
  startDate: CalendarDay;
  endDate: CalendarDay;
  user: string;
  donations: DonationRecord[];
}

export interface DonationRecord {
  donor: string;
  amountInCents: number;
  date: CalendarDay;
}

export async function readChallengeData(): Promise<ChallengeData> {
  return JSON.parse(await readFile(new URL('./challenges.json', import.meta.url), 'utf8')) as ChallengeData;
}
