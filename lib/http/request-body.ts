import type { IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe } from '../core/describe.js';
import { malformed, type RefusedRequestError, tooLarge, unsupported } from './refused-request.js';

/** So much of a body that is too large is read on, so that its sender is through and hears the answer. */
const LINGER_BYTES = 1024 * 1024;
const LINGER_MILLISECONDS = 1000;

/**
 * Reads a whole request body of at most `limit` bytes. Throws `RefusedRequestError`: 413 for a larger one, 415 for one
 * that is compressed, 400 when the client gives up.
 */
export async function readBody(request: IncomingMessage, limit: number): Promise<Uint8Array> {
  assertPlain(request);
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  const isRead = await received(request, (chunk) => {
    bytes += chunk.length;
    if (bytes <= limit) chunks.push(chunk);
    return bytes <= limit;
  });
  if (isRead) return Buffer.concat(chunks, bytes);
  await lingering(request);
  throw bodyTooLarge(request, limit);
}

/** Resolves with true at the end of the body, with false as soon as `take` wants no more. */
function received(request: IncomingMessage, take: (chunk: Buffer) => boolean): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const settle = (settled: () => void) => {
      request.off('data', data).off('end', end).off('error', failed).off('close', closed);
      settled();
    };
    const data = (chunk: Buffer) => {
      if (!take(chunk)) settle(() => resolve(false));
    };
    const end = () => settle(() => resolve(true));
    const failed = () => settle(() => reject(aborted()));
    const closed = () => settle(() => reject(aborted()));
    request.on('data', data).on('end', end).on('error', failed).on('close', closed);
    if (request.destroyed && !request.complete) closed();
  });
}

/** Until the body ends, or is too long or too slow to wait for. */
async function lingering(request: IncomingMessage): Promise<void> {
  let bytes = 0;
  const over = new AbortController();
  const late = sleep(LINGER_MILLISECONDS, undefined, { ref: false, signal: over.signal });
  const through = received(request, (chunk) => (bytes += chunk.length) <= LINGER_BYTES);
  await Promise.race([late, through]).catch(() => undefined);
  over.abort();
  late.catch(() => undefined);
}

function assertPlain({ headers }: IncomingMessage): void {
  const encoding = headers['content-encoding']?.trim().toLowerCase() ?? 'identity';
  if (encoding !== 'identity' && encoding !== '') throw encoded(encoding);
  const transfer = headers['transfer-encoding']?.trim().toLowerCase() ?? 'chunked';
  if (transfer !== 'chunked') throw encoded(transfer);
}

const encoded = (encoding: string): RefusedRequestError =>
  unsupported(
    'UNSUPPORTED_ENCODING',
    `The body is encoded as ${describe(encoding)}: expected one that is not compressed.`,
  );

/** With its connection, where the rest of the body is not waited for; HTTP/2 has none of its own for a request. */
const bodyTooLarge = ({ httpVersionMajor }: IncomingMessage, limit: number): RefusedRequestError =>
  tooLarge(
    'BODY_TOO_LARGE',
    `The body is too large: expected at most ${limit} bytes.`,
    httpVersionMajor === 1 ? { Connection: 'close' } : {},
  );

const aborted = (): RefusedRequestError => malformed('ABORTED', 'The body ended before its end.');
