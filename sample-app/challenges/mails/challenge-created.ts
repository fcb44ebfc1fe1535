import type { MailContent } from '../../mails/mail-content.js';
import type { Challenge } from '../challenge.entity.js';

export function challengeCreated({ title, user, startDate, endDate }: Challenge): MailContent {
  return {
    subject: `Your challenge "${title}" is online`,
    paragraphs: [
      `Hello ${user.name}`,
      `Your challenge "${title}" is online. It runs from ${startDate} to ${endDate}.`,
      'Tell your friends about it: most donations come in during the first days.',
    ],
  };
}
