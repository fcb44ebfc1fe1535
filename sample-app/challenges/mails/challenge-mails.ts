import type { MailContent } from '../../mails/mail-content.js';
import type { Challenge } from '../challenge.entity.js';
import { challengeCreated } from './challenge-created.js';
import { challengeEnded } from './challenge-ended.js';
import { challengeEnds } from './challenge-ends.js';
import { challengeInactivity } from './challenge-inactivity.js';

/** The mail for each event group. */
export const CHALLENGE_MAILS: Readonly<Record<string, (challenge: Challenge) => MailContent>> = {
  challenge_created: challengeCreated,
  challenge_inactivity_2d: challengeInactivity,
  challenge_ends_2d: challengeEnds,
  challenge_ended: challengeEnded,
};
