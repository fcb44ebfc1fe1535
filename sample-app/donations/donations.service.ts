import { ConflictException, Inject, Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import type { Clock } from 'nestjs-once';
import { Repository } from 'typeorm';
import { dayOf } from '../calendar-day.js';
import { ChallengesService } from '../challenges/challenges.service.js';
import { CLOCK } from '../clock.module.js';
import { CreateDonationDto } from './create-donation.dto.js';
import { Donation } from './donation.entity.js';

@Injectable()
export class DonationsService {
  constructor(
    @InjectRepository(Donation) private readonly donations: Repository<Donation>,
    private readonly challenges: ChallengesService,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async list(challengeId: number): Promise<Donation[]> {
    await this.challenges.get(challengeId);
    return this.donations.find({ where: { challengeId }, order: { id: 'ASC' } });
  }

  async create(challengeId: number, { donor, amountInCents }: CreateDonationDto): Promise<Donation> {
    const { isActive, endDate } = await this.challenges.get(challengeId);
    const date = dayOf(this.clock.now());
    if (!isActive || endDate < date) throw new ConflictException('The challenge takes no donations.');
    return this.donations.save(this.donations.create({ challengeId, donor, amountInCents, date }));
  }
}
