import { describe } from '../core/describe.js';
import { assertPropertyName, assertText } from './property-names.js';
import { malformed } from './refused-request.js';

/**
 * The parameters of a query or a form, all of them strings: `RefusedRequestError` where one is given twice or cannot be
 * decoded. Brackets and dots in names mean nothing.
 */
export function parameters(encoded: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const pair of encoded.split('&')) {
    if (pair === '') continue;
    const [name, value] = decodedPair(pair);
    assertPropertyName(name, true, 0);
    assertText(value, `The parameter ${describe(name)}`, 0);
    if (Object.hasOwn(found, name)) {
      const message = `The parameter ${describe(name)} is given twice: nobody can say which is meant.`;
      throw malformed('REPEATED_PROPERTY', message, 0);
    }
    found[name] = value;
  }
  return found;
}

function decodedPair(pair: string): [string, string] {
  const equals = pair.indexOf('=');
  return equals === -1
    ? [decoded(pair), '']
    : [decoded(pair.slice(0, equals)), decoded(pair.slice(equals + 1))];
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    throw malformed('INVALID_ENCODING', `${describe(text)} is not percent-encoded UTF-8.`);
  }
}
