/** An escape of JSON that an array's text form has not: that of a control character or a lone surrogate. */
const ESCAPED = /\\[^"\\]/;

/**
 * An array of texts and numbers as the server reads it. The driver makes it of an array too, in three times as long.
 * Undefined for what JSON writes in another way: that is left to the driver.
 */
export function arrayLiteral(values: readonly unknown[]): string | undefined {
  if (!values.every(isPlain)) return undefined;
  const json = JSON.stringify(values);
  return ESCAPED.test(json) ? undefined : `{${json.slice(1, -1)}}`;
}

function isPlain(value: unknown): boolean {
  return typeof value === 'string' || value === null || Number.isFinite(value);
}
