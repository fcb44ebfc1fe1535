import { describe } from '../core/describe.js';
import { malformed, unsupported } from './refused-request.js';

/** How the events of a request are written. */
export type BodyFormat = 'form' | 'json' | 'ndjson';

const FORMATS: Readonly<Record<string, BodyFormat>> = {
  'application/x-www-form-urlencoded': 'form',
  'application/json': 'json',
  'application/x-ndjson': 'ndjson',
};

export const MEDIA_TYPES = Object.keys(FORMATS);

/** The format of a body of this content type; undefined without one. Throws `RefusedRequestError`, 415. */
export function bodyFormat(contentType: string | undefined): BodyFormat | undefined {
  if (contentType === undefined) return undefined;
  const [type = '', ...attributes] = contentType.split(';').map((part) => part.trim());
  const name = type.toLowerCase();
  const format = Object.hasOwn(FORMATS, name) ? FORMATS[name] : undefined;
  if (!format) {
    const expected = `expected ${MEDIA_TYPES.join(', ')}, or no body and the event in the query`;
    throw unsupported(
      'UNSUPPORTED_MEDIA_TYPE',
      `The content type ${describe(type)} is not taken: ${expected}.`,
    );
  }
  attributes.forEach(assertUtf8);
  return format;
}

function assertUtf8(attribute: string): void {
  const [name = '', value = ''] = attribute.split('=').map((part) => part.trim().toLowerCase());
  if (name !== 'charset' || ['utf-8', 'utf8', '"utf-8"', '"utf8"'].includes(value)) return;
  throw unsupported('UNSUPPORTED_CHARSET', `The charset ${describe(value)} is not taken: expected utf-8.`);
}

/** The bytes as text. Throws `RefusedRequestError` unless they are UTF-8 without a byte order mark. */
export function utf8(bytes: Uint8Array): string {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw malformed('INVALID_ENCODING', 'The body is not UTF-8.');
  }
  if (!text.startsWith('\uFEFF')) return text;
  throw malformed('INVALID_ENCODING', 'The body begins with a byte order mark: expected UTF-8 without one.');
}
