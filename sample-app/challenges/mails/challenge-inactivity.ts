import type { MailContent } from '../../mails/mail-content.js';
import type { Challenge } from '../challenge.entity.js';

export function challengeInactivity({ title, user, startDate }: Challenge): MailContent {
  return {
    subject: `Nobody has heard of "${title}" yet`,
    paragraphs: [
      `Hello ${user.name}`,
      `Your challenge "${title}" started on ${startDate}, and there are hardly any donations so far.`,
      'A personal message to five people works better than a post for five hundred.',
    ],
  };
}
