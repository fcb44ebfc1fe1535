import { Body, Controller, Get, Param, Patch, Post } from '@nestjs/common';
import { IdPipe } from '../id.pipe.js';
import type { Challenge } from './challenge.entity.js';
import { ChallengesService } from './challenges.service.js';
import { CreateChallengeDto } from './create-challenge.dto.js';
import type { TimelineEntry } from './timeline-entry.entity.js';
import { UpdateChallengeDto } from './update-challenge.dto.js';

@Controller('challenges')
export class ChallengesController {
  constructor(private readonly challenges: ChallengesService) {}

  @Get()
  list(): Promise<Challenge[]> {
    return this.challenges.list();
  }

  @Get(':id')
  get(@Param('id', IdPipe) id: number): Promise<Challenge> {
    return this.challenges.get(id);
  }

  @Get(':id/timeline')
  timeline(@Param('id', IdPipe) id: number): Promise<TimelineEntry[]> {
    return this.challenges.timeline(id);
  }

  @Post()
  create(@Body() body: CreateChallengeDto): Promise<Challenge> {
    return this.challenges.create(body);
  }

  @Patch(':id')
  update(@Param('id', IdPipe) id: number, @Body() body: UpdateChallengeDto): Promise<Challenge> {
    return this.challenges.update(id, body);
  }
}
