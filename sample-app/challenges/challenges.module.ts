import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { User } from '../users/user.entity.js';
import { ChallengeEvents } from './challenge-events.js';
import { ChallengeMails } from './challenge-mails.js';
import { ChallengeTimeline } from './challenge-timeline.js';
import { Challenge } from './challenge.entity.js';
import { ChallengesController } from './challenges.controller.js';
import { ChallengesService } from './challenges.service.js';
import { TimelineEntry } from './timeline-entry.entity.js';

@Module({
  imports: [TypeOrmModule.forFeature([Challenge, TimelineEntry, User])],
  controllers: [ChallengesController],
  providers: [ChallengesService, ChallengeEvents, ChallengeMails, ChallengeTimeline],
  exports: [ChallengesService],
})
export class ChallengesModule {}
