import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { ChallengesModule } from '../challenges/challenges.module.js';
import { Donation } from './donation.entity.js';
import { DonationsController } from './donations.controller.js';
import { DonationsService } from './donations.service.js';

@Module({
  imports: [TypeOrmModule.forFeature([Donation]), ChallengesModule],
  controllers: [DonationsController],
  providers: [DonationsService],
})
export class DonationsModule {}
