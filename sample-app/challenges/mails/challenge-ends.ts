import type { MailContent } from '../../mails/mail-content.js';
import type { Challenge } from '../challenge.entity.js';

export function challengeEnds({ title, user, endDate }: Challenge): MailContent {
  return {
    subject: `"${title}" ends on ${endDate}`,
    paragraphs: [
      `Hello ${user.name}`,
      `The last day for donations to your challenge "${title}" is ${endDate}.`,
      'Remind those who promised a donation.',
    ],
  };
}
