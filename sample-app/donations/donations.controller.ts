import { Body, Controller, Get, Param, Post } from '@nestjs/common';
import { IdPipe } from '../id.pipe.js';
import { CreateDonationDto } from './create-donation.dto.js';
import type { Donation } from './donation.entity.js';
import { DonationsService } from './donations.service.js';

@Controller('challenges/:challengeId/donations')
export class DonationsController {
  constructor(private readonly donations: DonationsService) {}

  @Get()
  list(@Param('challengeId', IdPipe) challengeId: number): Promise<Donation[]> {
    return this.donations.list(challengeId);
  }

  @Post()
  create(
    @Param('challengeId', IdPipe) challengeId: number,
    @Body() body: CreateDonationDto,
  ): Promise<Donation> {
    return this.donations.create(challengeId, body);
  }
}
