import {
  BadRequestException,
  Injectable,
  NotFoundException,
  UnprocessableEntityException,
} from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import { User } from '../users/user.entity.js';
import { Challenge } from './challenge.entity.js';
import { CreateChallengeDto } from './create-challenge.dto.js';
import { TimelineEntry } from './timeline-entry.entity.js';
import { UpdateChallengeDto } from './update-challenge.dto.js';

@Injectable()
export class ChallengesService {
  constructor(
    @InjectRepository(Challenge) private readonly challenges: Repository<Challenge>,
    @InjectRepository(TimelineEntry) private readonly entries: Repository<TimelineEntry>,
    @InjectRepository(User) private readonly users: Repository<User>,
  ) {}

  list(): Promise<Challenge[]> {
    return this.challenges.find({ order: { id: 'ASC' } });
  }

  async get(id: number): Promise<Challenge> {
    const challenge = await this.challenges.findOneBy({ id });
    if (!challenge) throw new NotFoundException(`There is no challenge ${id}.`);
    return challenge;
  }

  /** What happened to the challenge so far, oldest first. */
  async timeline(challengeId: number): Promise<TimelineEntry[]> {
    await this.get(challengeId);
    return this.entries.find({ where: { challengeId }, order: { id: 'ASC' } });
  }

  async create({ userId, ...values }: CreateChallengeDto): Promise<Challenge> {
    const user = await this.users.findOneBy({ id: userId });
    if (!user) throw new UnprocessableEntityException([`userId: there is no user ${userId}`]);
    return this.save(this.challenges.create({ ...values, user }));
  }

  async update(id: number, changes: UpdateChallengeDto): Promise<Challenge> {
    return this.save(this.challenges.merge(await this.get(id), changes));
  }

  private save(challenge: Challenge): Promise<Challenge> {
    if (challenge.endDate < challenge.startDate)
      throw new BadRequestException(['endDate must not be before startDate']);
    return this.challenges.save(challenge);
  }
}
