import { connect } from 'node:net';
import { setTimeout } from 'node:timers/promises';

export interface RawAnswer {
  status: number;
  head: string;
  body: string;
}

export interface RawOptions {
  /** Milliseconds after which an answer is no longer waited for. Default: no end. */
  patience?: number;
}

/**
 * Writes bytes to a port as they are, and reads what comes back until the other side closes or one answer is whole;
 * undefined when there was none.
 */
export async function sendRaw(
  port: number,
  { patience }: RawOptions,
  ...parts: (string | Uint8Array)[]
): Promise<RawAnswer | undefined> {
  const socket = connect(port, '127.0.0.1');
  const chunks: Buffer[] = [];
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  socket.on('error', () => undefined);
  const whole = new Promise<void>((resolve) => {
    socket.on('data', (chunk) => {
      chunks.push(chunk);
      if (isWhole(Buffer.concat(chunks).toString('latin1'), String(parts[0]).startsWith('HEAD '))) resolve();
    });
  });
  for (const part of parts) if (part.length > 0) socket.write(part);
  const late = patience === undefined ? [] : [setTimeout(patience, undefined, { ref: false })];
  await Promise.race([whole, closed, ...late]);
  socket.destroy();
  await closed;
  return parsed(Buffer.concat(chunks).toString('utf8'));
}

/** A `100 Continue` is no answer. */
const withoutContinue = (text: string) => text.replace(/^HTTP\/1\.1 100 [^\r]*\r\n\r\n/, '');

function isWhole(text: string, isHead: boolean): boolean {
  const [head, body] = splitHead(withoutContinue(text));
  if (body === undefined) return false;
  if (isHead) return true;
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
