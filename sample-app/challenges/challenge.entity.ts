import { Column, Entity, ManyToOne, PrimaryGeneratedColumn } from 'typeorm';
import type { CalendarDay } from '../calendar-day.js';
import { User } from '../users/user.entity.js';

/** A challenge that somebody takes on, and that others donate for. */
@Entity()
export class Challenge {
  @PrimaryGeneratedColumn()
  id: number;

  @Column({ length: 200 })
  title: string;

  /** A challenge that is not active yet, or no longer, causes no events. */
  @Column({ default: true })
  isActive: boolean;

  @Column('date')
  startDate: CalendarDay;

  /** The last day on which it takes donations. */
  @Column('date')
  endDate: CalendarDay;

  /** Eager, so that a handler that is given the challenge can write to its owner. */
  @ManyToOne(() => User, { eager: true, nullable: false })
  user: User;
}
