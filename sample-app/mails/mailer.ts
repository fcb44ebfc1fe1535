import { Inject, Injectable } from '@nestjs/common';
import type { Transporter } from 'nodemailer';
import { asHtml, asText, type MailContent } from './mail-content.js';

/** Injection token of the Nodemailer transporter. */
export const MAIL_TRANSPORTER = Symbol('MAIL_TRANSPORTER');

export interface Mail extends MailContent {
  /** A mail that is sent again keeps its id, so that the copies can be told to be one mail. */
  id: string;
  to: { name: string; address: string };
}

@Injectable()
export class Mailer {
  constructor(@Inject(MAIL_TRANSPORTER) private readonly transporter: Transporter) {}

  /** Resolves when the transport has taken the mail; rejects when it has not, or was told by `signal` not to. */
  async send(mail: Mail, signal: AbortSignal): Promise<void> {
    await this.transporter.sendMail({
      messageId: `<${encodeURIComponent(mail.id)}@donations.example>`,
      from: { name: 'Donations', address: 'hello@donations.example' },
      to: mail.to,
      subject: mail.subject,
      text: asText(mail),
      html: asHtml(mail),
      signal,
    });
  }
}
