import { Injectable } from '@nestjs/common';
import { EventHandler, type HandlerContext, NonRetriableError, type RecordedEvent } from 'nestjs-once';
import { Mailer } from '../mails/mailer.js';
import type { ChallengeEventData } from './challenge-events.js';
import { CHALLENGE_MAILS } from './mails/challenge-mails.js';

/** Sends the owner of a challenge a mail for each of its events. */
@Injectable()
export class ChallengeMails {
  constructor(private readonly mailer: Mailer) {}

  /**
   * A mail cannot be rolled back, so this handler is at-least-once: should the process die after the mail was sent and
   * before that was noted, it is sent again. The id made of the event key lets mail programs show it once.
   */
  @EventHandler(/^challenge/)
  async send(
    { group, key, data }: RecordedEvent<ChallengeEventData>,
    { logger, signal }: HandlerContext,
  ): Promise<void> {
    const template = CHALLENGE_MAILS[group];
    if (!template) throw new NonRetriableError(`There is no mail for the event group ${group}.`);
    if (!data.challenge) return logger.log(`${key}: the challenge is gone, no mail is sent.`);
    const { user } = data.challenge;
    const to = { name: user.name, address: user.email };
    await this.mailer.send({ id: key, to, ...template(data.challenge) }, signal);
  }
}
