import { type DynamicModule, Module } from '@nestjs/common';
import type { Transporter } from 'nodemailer';
import { MAIL_TRANSPORTER, Mailer } from './mailer.js';

@Module({})
export class MailsModule {
  /** The Mailer for the whole application, sending through `transporter`. */
  static forRoot(transporter: Transporter): DynamicModule {
    return {
      module: MailsModule,
      global: true,
      providers: [{ provide: MAIL_TRANSPORTER, useValue: transporter }, Mailer],
      exports: [Mailer],
    };
  }
}
