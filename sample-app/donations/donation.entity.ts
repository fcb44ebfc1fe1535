import { Column, Entity, Index, ManyToOne, PrimaryGeneratedColumn } from 'typeorm';
import type { CalendarDay } from '../calendar-day.js';
import { Challenge } from '../challenges/challenge.entity.js';

@Entity()
export class Donation {
  @PrimaryGeneratedColumn()
  id: number;

  @Column({ length: 100 })
  donor: string;

  @Column()
  amountInCents: number;

  @Column('date')
  date: CalendarDay;

  @ManyToOne(() => Challenge, { nullable: false, onDelete: 'CASCADE' })
  challenge: Challenge;

  @Index()
  @Column()
  challengeId: number;
}
