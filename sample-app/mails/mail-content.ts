/** What a mail template gives: plain text throughout. */
export interface MailContent {
  subject: string;
  paragraphs: string[];
}

const ENTITIES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

export function asText({ paragraphs }: MailContent): string {
  return `${paragraphs.join('\n\n')}\n`;
}

export function asHtml({ paragraphs }: MailContent): string {
  return paragraphs.map((paragraph) => `<p>${escapeHtml(paragraph)}</p>`).join('\n');
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character]!);
}
