import { once } from 'node:events';
import { connect } from 'node:net';

export interface RawAnswer {
  status: number;
  head: string;
  body: string;
}

/** Writes bytes to a port as they are, and reads what comes back until the other side closes or one answer is whole. */
export async function sendRaw(
  port: number,
  ...parts: (string | Uint8Array)[]
): Promise<RawAnswer | undefined> {
  const socket = connect(port, '127.0.0.1');
  const chunks: Buffer[] = [];
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  socket.on('error', () => undefined);
  await Promise.race([once(socket, 'connect'), closed]);
  const whole = new Promise<void>((resolve) => {
    socket.on('data', (chunk) => {
      chunks.push(chunk);
      if (isWhole(Buffer.concat(chunks).toString('latin1'))) resolve();
    });
  });
  for (const part of parts) socket.write(part);
  await Promise.race([whole, closed]);
  socket.destroy();
  return parsed(Buffer.concat(chunks).toString('utf8'));
}

/** A `100 Continue` is no answer. */
const withoutContinue = (text: string) => text.replace(/^HTTP\/1\.1 100 [^\r]*\r\n\r\n/, '');

function isWhole(text: string): boolean {
  const [head, body] = splitHead(withoutContinue(text));
  if (body === undefined) return false;
  const length = /^content-length: (\d+)/im.exec(head)?.[1];
  if (length !== undefined) return body.length >= Number(length);
  return /^transfer-encoding: chunked/im.test(head) ? body.endsWith('0\r\n\r\n') : / (204|304) /.test(head);
}

function parsed(text: string): RawAnswer | undefined {
  const [head, body = ''] = splitHead(withoutContinue(text));
  const status = /^HTTP\/1\.1 (\d+)/.exec(head)?.[1];
  return status === undefined ? undefined : { status: Number(status), head, body };
}

function splitHead(text: string): [string, string | undefined] {
  const at = text.indexOf('\r\n\r\n');
  return at === -1 ? [text, undefined] : [text.slice(0, at), text.slice(at + 4)];
}
