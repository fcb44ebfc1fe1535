import type { IncomingMessage } from 'node:http';
import { malformed } from './refused-request.js';

/** Bare, or in quotes as the header's draft standard has it: the same key. */
const KEY = /^(?:"([\x20-\x21\x23-\x7e]+)"|([\x21\x23-\x7e][\x20-\x21\x23-\x7e]*))$/;

/** The key in the header `Idempotency-Key`. Throws `RefusedRequestError`. */
export function idempotencyKey({ headersDistinct, headers }: IncomingMessage): string | undefined {
  const header = headers['idempotency-key'];
  if (header === undefined) return undefined;
  const given = headersDistinct?.['idempotency-key'] ?? [header].flat();
  if (given.length > 1) throw malformed('REPEATED_PROPERTY', 'The header Idempotency-Key is given twice.');
  const match = KEY.exec(given[0]!.trim());
  if (match) return match[1] ?? match[2]!;
  throw malformed(
    'INVALID_KEY',
    'Expected the header Idempotency-Key to be printable ASCII without quotes inside.',
  );
}
