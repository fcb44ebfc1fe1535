import { Body, ConflictException, Controller, Get, NotFoundException, Param, Post } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { AggregateNotFoundError, ConcurrencyError } from 'nestjs-once';
import type { Repository } from 'typeorm';
import { AddTrickDto, RegisterDogDto } from './dog.dto.js';
import { TrainingSchool } from './training-school.js';
import { TrickCount } from './trick-count.entity.js';

@Controller('dogs')
export class DogsController {
  constructor(
    private readonly school: TrainingSchool,
    @InjectRepository(TrickCount) private readonly trickCounts: Repository<TrickCount>,
  ) {}

  @Post()
  async register(@Body() { name }: RegisterDogDto): Promise<{ name: string }> {
    await answered(this.school.register(name));
    return { name };
  }

  /** How many dogs have learnt each trick, as far as the follower has come. */
  @Get('tricks')
  counts(): Promise<TrickCount[]> {
    return this.trickCounts.find({ order: { trick: 'ASC' } });
  }

  @Post(':name/tricks')
  async addTrick(@Param('name') name: string, @Body() { trick }: AddTrickDto): Promise<readonly string[]> {
    await answered(this.school.addTrick(name, trick));
    return this.school.tricksOf(name);
  }

  @Get(':name/tricks')
  tricks(@Param('name') name: string): Promise<readonly string[]> {
    return answered(this.school.tricksOf(name));
  }
}

/** Of two dogs of one name the second is refused by the version of its stream. */
async function answered<T>(call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof AggregateNotFoundError) throw new NotFoundException('There is no dog of this name.');
    if (error instanceof ConcurrencyError) throw new ConflictException('There is a dog of this name.');
    throw error;
  }
}
