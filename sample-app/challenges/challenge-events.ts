import { Injectable } from '@nestjs/common';
import { event, type EventInput, ModelEventSource, type SourceContext } from 'nestjs-once';
import type { EntityManager } from 'typeorm';
import { dayOf, daysBetween } from '../calendar-day.js';
import { Donation } from '../donations/donation.entity.js';
import { Challenge } from './challenge.entity.js';

/** What each of the challenge events carries. */
export interface ChallengeEventData {
  /** Stored as a reference: a handler gets the challenge as it is by then, or null when it is gone. */
  challenge: Challenge | null;
}

/**
 * The events of a challenge, by its state and the date. The same ones are yielded again on every save and every re-scan;
 * each key is recorded once.
 */
@Injectable()
export class ChallengeEvents {
  @ModelEventSource(Challenge)
  async *events(challenge: Challenge, { now, manager }: SourceContext): AsyncGenerator<EventInput> {
    if (!challenge.isActive) return;
    const { id } = challenge;
    const today = dayOf(now);
    yield event('challenge_created', id, { challenge });
    if (daysBetween(challenge.startDate, today) > 2 && (await hasFewDonations(id, manager))) {
      yield event('challenge_inactivity_2d', id, { challenge });
    }
    if (daysBetween(today, challenge.endDate) <= 2) yield event('challenge_ends_2d', id, { challenge });
    if (challenge.endDate < today) yield event('challenge_ended', id, { challenge });
  }
}

async function hasFewDonations(challengeId: number, manager: EntityManager): Promise<boolean> {
  return (await manager.countBy(Donation, { challengeId })) < 2;
}
