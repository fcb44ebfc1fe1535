import type { IncomingMessage } from 'node:http';
import type { BodyFormat } from './media-type.js';
import { malformed } from './refused-request.js';

/** A message whose body somebody else may have read, such as a parser on the server itself, or the platform. */
type SharedMessage = IncomingMessage & { rawBody?: unknown; body?: unknown };

export const wasRead = ({ readableDidRead, readableEnded }: IncomingMessage): boolean =>
  readableDidRead || readableEnded;

/** What the reader has left of the body: its bytes, or what was parsed, written again. Undefined where that is not enough. */
export function bodyLeft(request: SharedMessage, format: BodyFormat | undefined): Uint8Array | undefined {
  const { rawBody, body, headers } = request;
  if (headers['content-length'] === '0') return new Uint8Array();
  const bytes = [rawBody, body].find((left) => left instanceof Uint8Array || typeof left === 'string');
  if (bytes !== undefined) return Buffer.from(bytes as string);
  if (typeof body !== 'object' || body === null) return undefined;
  if (format === 'json') return Buffer.from(JSON.stringify(body, finite));
  const isFlat = Object.values(body).every((value) => typeof value === 'string');
  if (format !== 'form' || !isFlat) return undefined;
  return Buffer.from(new URLSearchParams(body as Record<string, string>).toString());
}

function finite(_name: string, value: unknown): unknown {
  if (typeof value !== 'number' || Number.isFinite(value)) return value;
  throw malformed('NUMBER_TOO_LARGE', 'A number is beyond the range of JavaScript: send it as a string.');
}
