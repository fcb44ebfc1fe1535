import type { EntityManager } from 'typeorm';
import type { CalendarDay } from '../calendar-day.js';
import { Challenge } from '../challenges/challenge.entity.js';
import { Donation } from '../donations/donation.entity.js';
import { User } from '../users/user.entity.js';
import type { ChallengeData, ChallengeRecord, DonationRecord } from './challenge-data.js';

const CHUNK = 50;

/** Brings the data file into the database through TypeORM's ordinary `save`, so that model event sources see it. */
export class ChallengeImport {
  private readonly challenges = new Map<ChallengeRecord, Challenge>();

  constructor(
    private readonly manager: EntityManager,
    private readonly data: ChallengeData,
  ) {}

  /** Saves the users, and all challenges with the donations made up to that day. */
  async saveChallenges(today: CalendarDay): Promise<void> {
    const users = await this.saveUsers();
    for (const record of this.data.challenges) {
      const { title, isActive, startDate, endDate } = record;
      const user = users.get(record.user);
      if (!user)
        throw new Error(`Expected a user with the address ${record.user} for the challenge "${title}".`);
      this.challenges.set(
        record,
        this.manager.create(Challenge, { title, isActive, startDate, endDate, user }),
      );
    }
    await this.saveInChunks(today);
  }

  /** Saves the donations made on that day; gives their number. */
  async saveDonations(day: CalendarDay): Promise<number> {
    const donations = [...this.challenges].flatMap(([record, challenge]) =>
      record.donations
        .filter(({ date }) => date === day)
        .map((donation) => this.donation(donation, challenge)),
    );
    await this.manager.save(donations);
    return donations.length;
  }

  private async saveUsers(): Promise<Map<string, User>> {
    const users = await this.manager.save(this.data.users.map((user) => this.manager.create(User, user)));
    return new Map(users.map((user) => [user.email, user]));
  }

  private async saveInChunks(today: CalendarDay): Promise<void> {
    const all = [...this.challenges];
    for (let start = 0; start < all.length; start += CHUNK) {
      const chunk = all.slice(start, start + CHUNK);
      const donations = chunk.flatMap(([record, challenge]) =>
        record.donations
          .filter(({ date }) => date <= today)
          .map((donation) => this.donation(donation, challenge)),
      );
      // In one call: TypeORM tells of the inserts when all rows of the call are written, so that the source of a
      // challenge finds its donations.
      await this.manager.save([...chunk.map(([, challenge]) => challenge), ...donations]);
    }
  }

  private donation({ donor, amountInCents, date }: DonationRecord, challenge: Challenge): Donation {
    // Not by `manager.create`: it copies the challenge, whose id is to come from the same save.
    return Object.assign(new Donation(), { donor, amountInCents, date, challenge });
  }
}
