import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { EventSourcingModule } from 'nestjs-once';
import { Cheer } from './cheer.js';
import { CheerLeader } from './cheer-leader.js';
import { PageView } from './page-view.js';
import { SiteController } from './site.controller.js';
import { Tallies } from './tallies.js';
import { Tally } from './tally.entity.js';

@Module({
  imports: [TypeOrmModule.forFeature([Tally]), EventSourcingModule.forFeature({ events: [PageView, Cheer] })],
  controllers: [SiteController],
  providers: [Tallies, CheerLeader],
})
export class SiteModule {}
