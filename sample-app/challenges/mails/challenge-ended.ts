import type { MailContent } from '../../mails/mail-content.js';
import type { Challenge } from '../challenge.entity.js';

export function challengeEnded({ title, user, endDate }: Challenge): MailContent {
  return {
    subject: `"${title}" is over`,
    paragraphs: [
      `Hello ${user.name}`,
      `Your challenge "${title}" ended on ${endDate}. Congratulations!`,
      'Please thank those who donated.',
    ],
  };
}
