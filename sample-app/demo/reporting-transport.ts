import type { Transport } from 'nodemailer';
import type { MailMoment } from './commands.js';

/** Sends through another transport, and reports when a mail is begun and when it is sent. */
export class ReportingTransport implements Transport {
  readonly name: string;
  readonly version: string;
  readonly supportsAbortSignal: boolean | undefined;

  constructor(
    private readonly transport: Transport,
    private readonly report: (moment: MailMoment) => void,
  ) {
    this.name = transport.name;
    this.version = transport.version;
    this.supportsAbortSignal = transport.supportsAbortSignal;
  }

  send(...[message, callback]: Parameters<Transport['send']>): void {
    this.report('begun');
    this.transport.send(message, (error, info) => {
      if (!error) this.report('sent');
      callback(error, info);
    });
  }
}
