import { Injectable } from '@nestjs/common';
import { EventHandler, type HandlerContext, type RecordedEvent } from 'nestjs-once';
import type { ChallengeEventData } from './challenge-events.js';
import { TimelineEntry } from './timeline-entry.entity.js';

/** Writes down what happened to a challenge, exactly once: the row and the delivery's success commit together. */
@Injectable()
export class ChallengeTimeline {
  @EventHandler(/^challenge/, { transactional: true })
  async write(event: RecordedEvent<ChallengeEventData>, { manager }: HandlerContext): Promise<void> {
    const { challenge } = event.data;
    if (!challenge) return;
    await manager.insert(TimelineEntry, {
      challengeId: challenge.id,
      group: event.group,
      eventKey: event.key,
      occurredAt: event.occurredAt.toISOString(),
    });
  }
}
