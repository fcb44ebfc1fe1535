import { appendFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SentMessageInfo, Transport } from 'nodemailer';

type Message = Parameters<Transport['send']>[0];
type Callback = Parameters<Transport['send']>[1];

/**
 * A Nodemailer transport that sends nothing: it appends each mail as a line of JSON to a file of this process in `folder`,
 * where other processes can read it.
 */
export class FileTransport implements Transport {
  readonly name = 'file';
  readonly version = '1';
  readonly supportsAbortSignal = true;

  constructor(
    readonly folder: string,
    /** How long a mail takes before it is written: milliseconds, as a mail server would need them. Default 0. */
    private readonly latency = 0,
  ) {}

  send(message: Message, callback: Callback): void {
    this.write(message).then((info) => callback(null, info), callback);
  }

  private async write({ data, message }: Message): Promise<SentMessageInfo> {
    const { from, to, subject, text, html, signal } = data;
    const messageId = message.messageId();
    if (this.latency > 0) await sleep(this.latency, undefined, { signal });
    await mkdir(this.folder, { recursive: true });
    const line = JSON.stringify({ messageId, from, to, subject, text, html });
    await appendFile(join(this.folder, `${process.pid}.jsonl`), `${line}\n`);
    return { messageId, envelope: message.getEnvelope() };
  }
}
