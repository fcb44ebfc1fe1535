import type { MailMoment } from './commands.js';
import { DemoProcess } from './demo-process.js';
import type { ProcessSettings } from './process-settings.js';
import { sentMails } from './sent-mails.js';
import type { WorkerCommands } from './worker.js';

/** When a worker is killed: at the moment when so many mails were begun, or were sent, since it started. */
export interface Kill {
  mails: number;
  moment: MailMoment;
}

/** A worker that is killed after a number of mails, and started again. */
export class MortalWorker {
  kills = 0;
  /** Event keys of mails that were sent, but not yet noted as sent, at a kill: only these may be sent again. */
  readonly unnoted = new Set<string>();
  private process: DemoProcess<WorkerCommands>;
  private onMail = (_moment: MailMoment): void => {};

  constructor(
    private readonly settings: ProcessSettings,
    private readonly unfinishedMails: () => Promise<string[]>,
  ) {}

  async start(): Promise<void> {
    this.process = await DemoProcess.start<WorkerCommands>('demo-worker', this.settings, (moment) =>
      this.onMail(moment),
    );
  }

  /** Resolves when that moment has come, the worker was killed and is back. */
  async killAt(kill: Kill): Promise<void> {
    await this.momentOf(kill);
    await this.process.kill();
    this.kills++;
    await this.collectUnnoted();
    await this.start();
  }

  async setClock(offset: number): Promise<void> {
    this.settings.clockOffset = offset;
    await this.process.call('setClock', offset);
  }

  async stop(): Promise<void> {
    await this.process.call('stop');
    await this.process.kill();
  }

  /** Ends it at once; it is not started again. */
  async abandon(): Promise<void> {
    await this.process?.kill();
  }

  private async collectUnnoted(): Promise<void> {
    const sent = await sentMails(this.settings.mails);
    for (const key of await this.unfinishedMails()) if (sent.has(key)) this.unnoted.add(key);
  }

  private momentOf({ mails, moment }: Kill): Promise<void> {
    let left = mails;
    return new Promise((resolve) => {
      this.onMail = (reported) => {
        if (reported === moment && --left === 0) resolve();
      };
    });
  }
}
