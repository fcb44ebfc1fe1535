import type { IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe } from '../core/describe.js';
import { malformed, type RefusedRequestError, tooLarge, unsupported } from './refused-request.js';

/** So much of a body that is too large is read on, so that its sender is through and hears the answer. */
const LINGER_BYTES = 1024 * 1024;
const LINGER_MILLISECONDS = 1000;

/**
 * Reads a whole request body of at most `limit` bytes. Throws `RefusedRequestError`: 413 for a larger one, 400 when the
 * client gives up.
 */
export async function readBody(request: IncomingMessage, limit: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  const isRead = await received(request, (chunk) => {
    bytes += chunk.length;
    if (bytes <= limit) chunks.push(chunk);
    return bytes <= limit;
  });
  if (isRead) return Buffer.concat(chunks, bytes);
  await lingering(request);
  // With its connection, where the rest of the body is not waited for; HTTP/2 has none of its own for a request.
  throw bodyTooLarge(limit, request.httpVersionMajor === 1 ? { Connection: 'close' } : {});
}

/** Resolves with true at the end of the body, with false as soon as `take` wants no more. */
function received(request: IncomingMessage, take: (chunk: Buffer) => boolean): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const stop = (then: () => void) => {
      request.off('data', data).off('end', end).off('error', failed).off('close', closed);
      then();
    };
    const data = (chunk: Buffer) => {
      if (!take(chunk)) stop(() => resolve(false));
    };
    const end = () => stop(() => resolve(true));
    const failed = () => stop(() => reject(aborted()));
    const closed = () => stop(() => reject(aborted()));
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

/** The body, if it is no larger. Throws `RefusedRequestError`, 413. */
export function assertSize(body: Uint8Array, limit: number): Uint8Array {
  if (body.length <= limit) return body;
  throw bodyTooLarge(limit);
}

/** Throws `RefusedRequestError`, 415, for a body that is compressed. */
export function assertPlain({ headers }: IncomingMessage): void {
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

const bodyTooLarge = (limit: number, headers: Record<string, string> = {}): RefusedRequestError =>
  tooLarge('BODY_TOO_LARGE', `The body is too large: expected at most ${limit} bytes.`, headers);

const aborted = (): RefusedRequestError => malformed('ABORTED', 'The body ended before its end.');
