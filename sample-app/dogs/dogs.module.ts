import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { EventSourcingModule } from 'nestjs-once';
import { Dog } from './dog.js';
import { DogsController } from './dogs.controller.js';
import { TrainingSchool } from './training-school.js';
import { TrickCount } from './trick-count.entity.js';
import { TrickCounter } from './trick-counter.js';

@Module({
  imports: [
    TypeOrmModule.forFeature([TrickCount]),
    EventSourcingModule.forFeature({
      aggregates: [Dog],
      application: 'TrainingSchool',
      snapshots: { Dog: 100 },
    }),
  ],
  controllers: [DogsController],
  providers: [TrainingSchool, TrickCounter],
})
export class DogsModule {}
